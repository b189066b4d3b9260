import KindredKernels
import KindredSystem

/// The header of a codes file. Row count, dimension and the version's fingerprint determine it.
///
/// The header takes `byteCount` bytes, little-endian. The sections follow in the order of `Section`, each at the next
/// multiple of 64, with zeros between them. The file ends with the last section. `models/README.md` lists the offsets.
package struct CodesHeader: Sendable, Equatable {
    /// The sections in the file's order. Codes come before bounds, so that a writer holds only bounds in memory.
    package enum Section: Int, CaseIterable, Sendable {
        /// `UInt32` per position: its row.
        case rows
        /// `64 * groups` bytes per block.
        case codes
        /// A `CodeBlock` per block.
        case blocks
    }

    /// The layout that this program writes, and the only one that it reads. All layouts store the number at byte 8.
    static let layoutVersionCurrent: UInt32 = 1
    package static let magic = Array("KINDCODE".utf8)
    /// Bytes before the first section.
    package static let byteCount = 128
    private static let alignment = 64

    package let rowCount: Int
    package let dimension: Int
    package let fingerprint: [UInt8]

    /// The header for `rowCount` rows (1 to 2^32 - 1) of `dimension` elements (1 to 4,096).
    package init(rowCount: Int, dimension: Int, fingerprint: [UInt8]) {
        precondition(fingerprint.count == Manifest.fingerprintByteCount)
        self.rowCount = rowCount
        self.dimension = dimension
        self.fingerprint = fingerprint
    }

    private var blockCount: Int { (rowCount + CodeEncoder.blockRows - 1) / CodeEncoder.blockRows }

    /// Bytes of a section. At most 2^44, so nothing here overflows.
    package func byteCount(of section: Section) -> Int {
        switch section {
        case .rows: rowCount * MemoryLayout<UInt32>.stride
        case .codes: blockCount * CodeEncoder.blockByteCount(dimension: dimension)
        case .blocks: blockCount * MemoryLayout<CodeBlock>.stride
        }
    }

    /// The bytes of the file that a section takes.
    package func range(of section: Section) -> Range<Int> {
        var start = Self.byteCount
        for earlier in Section.allCases where earlier.rawValue < section.rawValue {
            start = Self.aligned(start + byteCount(of: earlier))
        }
        return start..<start + byteCount(of: section)
    }

    /// Bytes of the whole file.
    package var fileByteCount: Int { range(of: .blocks).upperBound }

    private static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }

    /// The header's bytes.
    package var encoded: [UInt8] {
        var bytes = Self.magic
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(Self.layoutVersionCurrent)
        append(UInt32(dimension))
        append(UInt64(rowCount))
        bytes += fingerprint
        for section in Section.allCases {
            append(UInt64(range(of: section).lowerBound))
            append(UInt64(byteCount(of: section)))
        }
        return bytes + [UInt8](repeating: 0, count: Self.byteCount - bytes.count)
    }

    /// The layout of a file in memory. Throws if it is no codes file.
    static func layoutVersion(
        of bytes: UnsafeRawBufferPointer, file: String
    ) throws(FileFailure) -> UInt32 {
        guard bytes.count >= magic.count + 4 else {
            throw FileFailure(
                file: file, field: "byte count", found: "\(bytes.count)", wanted: "at least \(byteCount)")
        }
        guard bytes.prefix(magic.count).elementsEqual(magic) else {
            throw FileFailure(
                file: file, field: "magic", found: HexText.encode(bytes.prefix(magic.count)),
                wanted: HexText.encode(magic))
        }
        return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: magic.count, as: UInt32.self))
    }

    /// Throws unless a file of the current layout begins with exactly this header, has the right size, and has only
    /// zeros between its sections.
    package func check(_ bytes: UnsafeRawBufferPointer, file: String) throws(FileFailure) {
        guard bytes.count >= Self.byteCount else {
            throw FileFailure(
                file: file, field: "byte count", found: "\(bytes.count)", wanted: "at least \(Self.byteCount)"
            )
        }
        func number<Value: FixedWidthInteger>(_ offset: Int, as type: Value.Type) -> Value {
            Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
        }
        func require(_ field: String, _ found: UInt64, _ wanted: Int, _ reason: String)
            throws(FileFailure)
        {
            guard found == UInt64(wanted) else {
                throw FileFailure(
                    file: file, field: field, found: "\(found)", wanted: "\(wanted), \(reason)")
            }
        }
        try require("dimension", UInt64(number(12, as: UInt32.self)), dimension, "as the manifest says")
        try require("rows", number(16, as: UInt64.self), rowCount, "as the manifest says")
        guard bytes[24..<40].elementsEqual(fingerprint) else {
            throw FileFailure(
                file: file, field: "fingerprint", found: HexText.encode(bytes[24..<40]),
                wanted: "\(HexText.encode(fingerprint)), as the manifest says")
        }
        var end = Self.byteCount
        for section in Section.allCases {
            let range = range(of: section)
            let entry = 40 + 16 * section.rawValue
            try require(
                "\(section).offset", number(entry, as: UInt64.self), range.lowerBound,
                "the multiple of \(Self.alignment) after what comes before")
            try require(
                "\(section).bytes", number(entry + 8, as: UInt64.self), range.count,
                "for \(rowCount) rows of dimension \(dimension)")
        }
        try require("byte count", UInt64(bytes.count), fileByteCount, "where the last section ends")
        try requireZeros(bytes, 40 + 16 * Section.allCases.count..<Self.byteCount, file: file)
        for section in Section.allCases {
            let range = range(of: section)
            try requireZeros(bytes, end..<range.lowerBound, file: file)
            end = range.upperBound
        }
    }

    private func requireZeros(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, file: String
    ) throws(FileFailure) {
        for offset in range where bytes[offset] != 0 {
            throw FileFailure(
                file: file, field: "byte \(offset)", found: "\(bytes[offset])", wanted: "0: padding")
        }
    }
}
