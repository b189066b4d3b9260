import KindredSystem

/// The sections of a binary file: each at the next multiple of 64 after what comes before, with zeros between them. The
/// file ends with the last one. Its header, of 128 bytes, has the place and the size of each section, two `UInt64`.
struct FileSections {
    /// Bytes before the first section.
    static let headerByteCount = 128
    private static let alignment = 64

    /// The bytes of each section. Their sum does not overflow.
    let byteCounts: [Int]

    /// The bytes of the file that a section takes.
    func range(of index: Int) -> Range<Int> {
        var start = Self.headerByteCount
        for earlier in byteCounts[..<index] { start = Self.aligned(start + earlier) }
        return start..<start + byteCounts[index]
    }

    /// Bytes of the whole file.
    var fileByteCount: Int { range(of: byteCounts.count - 1).upperBound }

    private static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }

    /// A header of `fields`, the places and sizes, and zeros.
    func header(_ fields: [UInt8]) -> [UInt8] {
        var bytes = fields
        for index in byteCounts.indices {
            for number in [range(of: index).lowerBound, byteCounts[index]] {
                withUnsafeBytes(of: UInt64(number).littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        return bytes + [UInt8](repeating: 0, count: Self.headerByteCount - bytes.count)
    }

    /// Throws unless the bytes have these places and sizes at `place`, are as many as the sections need, and are 0
    /// between them. `names` are those of the sections, `reason` says for what they are so large. There are at least
    /// `headerByteCount` bytes.
    func check(
        _ bytes: UnsafeRawBufferPointer, at place: Int, names: [String], reason: String, file: String
    ) throws(FileFailure) {
        func require(_ field: String, _ found: UInt64, _ wanted: Int, _ reason: String) throws(FileFailure) {
            guard found == UInt64(wanted) else {
                throw FileFailure(file: file, field: field, found: "\(found)", wanted: "\(wanted), \(reason)")
            }
        }
        func requireZeros(_ range: Range<Int>) throws(FileFailure) {
            for offset in range where bytes[offset] != 0 {
                throw FileFailure(
                    file: file, field: "byte \(offset)", found: "\(bytes[offset])", wanted: "0: padding")
            }
        }
        for index in byteCounts.indices {
            let entry = place + 16 * index
            try require(
                "\(names[index]).offset", bytes.littleEndian(at: entry, as: UInt64.self),
                range(of: index).lowerBound, "the multiple of \(Self.alignment) after what comes before")
            try require(
                "\(names[index]).bytes", bytes.littleEndian(at: entry + 8, as: UInt64.self),
                byteCounts[index],
                reason)
        }
        try require("byte count", UInt64(bytes.count), fileByteCount, "where the last section ends")
        try requireZeros(place + 16 * byteCounts.count..<Self.headerByteCount)
        var end = Self.headerByteCount
        for index in byteCounts.indices {
            let range = range(of: index)
            try requireZeros(end..<range.lowerBound)
            end = range.upperBound
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The little-endian number at an offset that has as many bytes after it.
    func littleEndian<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Value.Type)
        -> Value
    {
        precondition(offset >= 0 && offset <= count - MemoryLayout<Value>.size, "a number past the end")
        return Value(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }
}
