extension RawSpan {
    /// The little-endian integer at a byte offset, which the caller has checked.
    func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T {
        T(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }

    /// The IEEE 754 single at a byte offset, which the caller has checked.
    func float(at offset: Int) -> Float { Float(bitPattern: integer(at: offset, as: UInt32.self)) }

    /// A copy of `count` elements that begin at a byte offset, which the caller has checked.
    func column<T: BitwiseCopyable>(at offset: Int, count: Int, of type: T.Type) -> [T] {
        [T](unsafeUninitializedCapacity: count) { elements, initializedCount in
            extracting(offset..<offset + count * MemoryLayout<T>.size).withUnsafeBytes {
                UnsafeMutableRawBufferPointer(elements).copyMemory(from: $0)
            }
            initializedCount = count
        }
    }
}
