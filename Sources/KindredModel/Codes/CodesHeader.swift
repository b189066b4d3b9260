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
    package static let byteCount = FileSections.headerByteCount

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

    private var sections: FileSections {
        FileSections(byteCounts: Section.allCases.map { byteCount(of: $0) })
    }

    /// The bytes of the file that a section takes.
    package func range(of section: Section) -> Range<Int> { sections.range(of: section.rawValue) }

    /// Bytes of the whole file.
    package var fileByteCount: Int { sections.fileByteCount }

    /// The header's bytes.
    package var encoded: [UInt8] {
        var bytes = Self.magic
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(Self.layoutVersionCurrent)
        append(UInt32(dimension))
        append(UInt64(rowCount))
        return sections.header(bytes + fingerprint)
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
        func require(_ field: String, _ found: UInt64, _ wanted: Int) throws(FileFailure) {
            guard found == UInt64(wanted) else {
                throw FileFailure(
                    file: file, field: field, found: "\(found)", wanted: "\(wanted), as the manifest says")
            }
        }
        try require("dimension", UInt64(bytes.littleEndian(at: 12, as: UInt32.self)), dimension)
        try require("rows", bytes.littleEndian(at: 16, as: UInt64.self), rowCount)
        guard bytes[24..<40].elementsEqual(fingerprint) else {
            throw FileFailure(
                file: file, field: "fingerprint", found: HexText.encode(bytes[24..<40]),
                wanted: "\(HexText.encode(fingerprint)), as the manifest says")
        }
        try sections.check(
            bytes, at: 40, names: Section.allCases.map { "\($0)" },
            reason: "for \(rowCount) rows of dimension \(dimension)", file: file)
    }
}
