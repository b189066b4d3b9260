/// An unsigned integer type whose every value fits an `Int` and a `UInt64`.
protocol NarrowUnsigned: FixedWidthInteger, UnsignedInteger {}

extension UInt8: NarrowUnsigned {}
extension UInt16: NarrowUnsigned {}
extension UInt32: NarrowUnsigned {}

// Bytes of a peer must not trap, so this module converts no integer with a plain `Int(x)`. It says `widening:` where
// the type proves that the value fits, else `exactly:`, `clamping:` or `truncatingIfNeeded:`. TidyTests hold this.

extension Int {
    /// The same value. Does not compile for a type whose values need not fit.
    @inline(__always)
    init(widening value: some NarrowUnsigned) { self.init(truncatingIfNeeded: value) }
}

extension UInt64 {
    /// The same value. Does not compile for a type whose values need not fit.
    @inline(__always)
    init(widening value: some NarrowUnsigned) { self.init(truncatingIfNeeded: value) }
}

extension UInt32 {
    /// The same value.
    @inline(__always)
    init(widening value: UInt16) { self.init(truncatingIfNeeded: value) }
}

extension RawSpan {
    /// The little-endian integer at a byte offset. The caller has checked the offset.
    func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T {
        T(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }

    /// The IEEE 754 single at a byte offset. The caller has checked the offset.
    func float(at offset: Int) -> Float { Float(bitPattern: integer(at: offset, as: UInt32.self)) }

    /// A copy of `count` elements that begin at a byte offset. The caller has checked the range.
    func column<T: BitwiseCopyable>(at offset: Int, count: Int, of type: T.Type) -> [T] {
        [T](unsafeUninitializedCapacity: count) { elements, initializedCount in
            extracting(offset..<offset + count * MemoryLayout<T>.size).withUnsafeBytes {
                UnsafeMutableRawBufferPointer(elements).copyMemory(from: $0)
            }
            initializedCount = count
        }
    }
}
