/// Byte strings in Arrow's layout: string i is `bytes[offsets[i] ..< offsets[i + 1]]`.
///
/// Invariant: `offsets` has `count + 1` elements, begins with 0, never descends, and ends with `bytes.count`.
package struct TextList: Sendable, Equatable {
    package private(set) var offsets: [UInt32]
    package private(set) var bytes: [UInt8]

    /// An empty list.
    package init() {
        offsets = [0]
        bytes = []
    }

    /// A list of columns from a peer or a file; nil unless the invariant holds.
    package init?(offsets: [UInt32], bytes: [UInt8]) {
        guard offsets.first == 0, let last = offsets.last, Int(last) == bytes.count else { return nil }
        var previous: UInt32 = 0
        for offset in offsets {
            guard offset >= previous else { return nil }
            previous = offset
        }
        self.offsets = offsets
        self.bytes = bytes
    }

    /// A list of the strings' UTF-8 bytes.
    package init(_ strings: some Sequence<String>) {
        self.init()
        for string in strings { append(string.utf8) }
    }

    /// Number of strings.
    package var count: Int { offsets.count - 1 }
    package var isEmpty: Bool { count == 0 }

    /// The bytes of string `index`, which must be in `0 ..< count`.
    package subscript(index: Int) -> ArraySlice<UInt8> {
        bytes[Int(offsets[index])..<Int(offsets[index + 1])]
    }

    /// Bytes of string `index`, which must be in `0 ..< count`.
    package func byteCount(of index: Int) -> Int { Int(offsets[index + 1] - offsets[index]) }

    /// Appends one string. Traps where the whole list reaches 4 GiB: callers check that.
    package mutating func append(_ text: some Sequence<UInt8>) {
        bytes.append(contentsOf: text)
        offsets.append(UInt32(bytes.count))
    }

    /// Appends one string from raw memory.
    package mutating func append(_ text: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: text)
        offsets.append(UInt32(bytes.count))
    }

    /// Appends all strings of another list. Traps where the whole list reaches 4 GiB: callers check that.
    package mutating func append(contentsOf other: TextList) {
        let start = UInt32(bytes.count)
        bytes.append(contentsOf: other.bytes)
        offsets.append(contentsOf: other.offsets.dropFirst().lazy.map { start + $0 })
    }

    /// Reserves memory for `count` strings of `byteCount` bytes in all.
    package mutating func reserve(count: Int, byteCount: Int) {
        offsets.reserveCapacity(offsets.count + count)
        bytes.reserveCapacity(bytes.count + byteCount)
    }

    /// The strings, decoded as UTF-8 with replacement of invalid sequences.
    package var strings: [String] { (0..<count).map { String(decoding: self[$0], as: UTF8.self) } }
}
