import KindredSystem

/// The header of a NumPy `.npy` file, formats 1.0, 2.0 and 3.0.
struct NpyHeader: Sendable, Equatable {
    /// The element type as NumPy writes it, such as `<f4`.
    let type: String
    let isFortranOrder: Bool
    let shape: [Int]
    /// The byte of the file at which the elements begin.
    let dataOffset: Int

    /// The first six bytes of every `.npy` file.
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// The greatest size of the header's text. NumPy refuses more than 10,000 bytes by default.
    private static let textByteCountMax = 1 << 16

    /// The number of elements. `read` has checked that the product does not overflow.
    var elementCount: Int { shape.reduce(1, *) }

    /// Reads the header. Throws if it is malformed or the file does not hold exactly its elements.
    static func read(_ file: borrowing ReadableFile) throws(FileFailure) -> NpyHeader {
        // All headers are shorter; what is longer is refused.
        let start = try file.bytes(at: 0, count: min(file.byteCount, textByteCountMax + 12))
        return try NpyHeader(start: start, fileByteCount: file.byteCount, file: file.name)
    }

    /// Reads the header of a file in memory. Throws like `read`; `file` names it in the failure.
    static func read(_ region: MemoryRegion, file: String) throws(FileFailure) -> NpyHeader {
        let start = region.withBytes { Array($0.prefix(textByteCountMax + 12)) }
        return try NpyHeader(start: start, fileByteCount: region.byteCount, file: file)
    }

    private func checkExtent(fileByteCount: Int, file: String) throws(FileFailure) {
        // A type such as `<f4` is byte order, kind and size. Callers refuse other types, so their extent does not
        // matter.
        let parts = Array(type.utf8)
        guard parts.count == 3, "biufc".utf8.contains(parts[1]), let size = HexText.digit(parts[2]) else {
            return
        }
        var byteCount = Int(size)
        for extent in shape {
            let (product, overflow) = byteCount.multipliedReportingOverflow(by: extent)
            guard !overflow else {
                throw FileFailure(
                    file: file, field: "the shape", found: "\(shape)", wanted: "a product that fits 63 bits")
            }
            byteCount = product
        }
        guard fileByteCount - dataOffset == byteCount else {
            throw FileFailure(
                file: file, field: "the byte count of the elements", found: "\(fileByteCount - dataOffset)",
                wanted: "\(byteCount), as \(type) \(shape) takes")
        }
    }
}

extension NpyHeader {
    /// The header of a file of `fileByteCount` bytes that begins with `start`.
    private init(start: [UInt8], fileByteCount: Int, file: String) throws(FileFailure) {
        func failure(_ field: String, _ found: String, _ wanted: String) -> FileFailure {
            FileFailure(file: file, field: field, found: found, wanted: wanted)
        }
        guard fileByteCount >= 10 else { throw failure("byte count", "\(fileByteCount)", "at least 10") }
        guard Array(start[0..<6]) == Self.magic else {
            throw failure("the first six bytes", HexText.encode(start[0..<6]), HexText.encode(Self.magic))
        }
        let textOffset: Int
        let textByteCount: Int
        switch (start[6], start[7]) {
        case (1, 0):
            textOffset = 10
            textByteCount = Int(start[8]) | Int(start[9]) << 8
        case (2, 0), (3, 0):
            guard fileByteCount >= 12 else {
                throw failure("byte count", "\(fileByteCount)", "at least 12")
            }
            textOffset = 12
            textByteCount = start[8..<12].reversed().reduce(0) { $0 << 8 | Int($1) }
        default:
            throw failure("the npy format", "\(start[6]).\(start[7])", "1.0, 2.0 or 3.0")
        }
        let room = min(Self.textByteCountMax, fileByteCount - textOffset)
        guard textByteCount <= room else {
            throw failure("the header's byte count", "\(textByteCount)", "at most \(room)")
        }
        var dictionary = NpyDictionary(Array(start[textOffset..<textOffset + textByteCount]), file: file)
        self = try dictionary.header(dataOffset: textOffset + textByteCount)
        try checkExtent(fileByteCount: fileByteCount, file: file)
    }
}
