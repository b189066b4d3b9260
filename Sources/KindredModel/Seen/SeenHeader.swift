import KindredDomain
import KindredSystem

/// The header of a file of seen pairs. The counts and the version's fingerprint determine it.
///
/// The header takes `byteCount` bytes, little-endian. The sections follow in the order of `Section`, each at the next
/// multiple of 64, with zeros between them. The file ends with the last section. `models/README.md` lists the offsets.
package struct SeenHeader: Sendable, Equatable {
    /// The sections in the file's order.
    package enum Section: Int, CaseIterable, Sendable {
        /// `UInt64` per user and one more: the position in `rows` at which the user's items begin, and the end of the
        /// last user's.
        case offsets
        /// `UInt32` per pair: the item's row, ascending for each user.
        case rows
    }

    /// The layout that this program writes, and the only one that it reads.
    static let layoutVersionCurrent: UInt32 = 1
    package static let magic = Array("KINDSEEN".utf8)
    /// Bytes before the first section.
    package static let byteCount = FileSections.headerByteCount

    /// Users, items and pairs: at most `Limits.rowsMax`, and `Limits.seenPairsMax` pairs.
    package let userCount: Int
    package let itemCount: Int
    package let pairCount: Int
    package let fingerprint: [UInt8]

    package init(userCount: Int, itemCount: Int, pairCount: Int, fingerprint: [UInt8]) {
        precondition(fingerprint.count == Manifest.fingerprintByteCount)
        self.userCount = userCount
        self.itemCount = itemCount
        self.pairCount = pairCount
        self.fingerprint = fingerprint
    }

    /// Bytes of a section. At most 2^38, so nothing here overflows.
    package func byteCount(of section: Section) -> Int {
        switch section {
        case .offsets: (userCount + 1) * MemoryLayout<UInt64>.stride
        case .rows: pairCount * MemoryLayout<UInt32>.stride
        }
    }

    private var sections: FileSections {
        FileSections(byteCounts: Section.allCases.map { byteCount(of: $0) })
    }

    /// The bytes of the file that a section takes.
    package func range(of section: Section) -> Range<Int> { sections.range(of: section.rawValue) }

    /// The header's bytes.
    package var encoded: [UInt8] {
        var bytes = Self.magic
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(Self.layoutVersionCurrent)
        append(UInt32(0))
        append(UInt64(userCount))
        append(UInt64(itemCount))
        append(UInt64(pairCount))
        return sections.header(bytes + fingerprint)
    }

    /// Reads and checks the header of a file in memory. Throws unless the file is of the current layout, belongs to a
    /// version of so many users and items with this fingerprint, has the size that its counts give, and has only zeros
    /// between its sections.
    package init(
        _ bytes: UnsafeRawBufferPointer, userCount: Int, itemCount: Int, fingerprint: [UInt8], file: String
    ) throws(FileFailure) {
        func failure(_ field: String, _ found: String, _ wanted: String) -> FileFailure {
            FileFailure(file: file, field: field, found: found, wanted: wanted)
        }
        guard bytes.count >= Self.byteCount else {
            throw failure("byte count", "\(bytes.count)", "at least \(Self.byteCount)")
        }
        func require(_ field: String, _ found: UInt64, _ wanted: Int, _ reason: String) throws(FileFailure) {
            guard found == UInt64(wanted) else {
                throw failure(field, "\(found)", "\(wanted), \(reason)")
            }
        }
        guard bytes.prefix(Self.magic.count).elementsEqual(Self.magic) else {
            throw failure(
                "magic", HexText.encode(bytes.prefix(Self.magic.count)), HexText.encode(Self.magic))
        }
        let layout = bytes.littleEndian(at: 8, as: UInt32.self)
        guard layout == Self.layoutVersionCurrent else {
            throw failure(
                "layout version", "\(layout)",
                "\(Self.layoutVersionCurrent): another layout needs another kindred, or a new pack")
        }
        try require("byte 12", UInt64(bytes.littleEndian(at: 12, as: UInt32.self)), 0, "which is unused")
        try require("users", bytes.littleEndian(at: 16, as: UInt64.self), userCount, "as the manifest says")
        try require("items", bytes.littleEndian(at: 24, as: UInt64.self), itemCount, "as the manifest says")
        let pairs = bytes.littleEndian(at: 32, as: UInt64.self)
        guard pairs <= Limits.seenPairsMax else {
            throw failure("pairs", "\(pairs)", "at most \(Limits.seenPairsMax)")
        }
        let found = bytes[40..<56]
        guard found.elementsEqual(fingerprint) else {
            throw failure(
                "fingerprint", HexText.encode(found), "\(HexText.encode(fingerprint)), as the manifest says")
        }
        self.init(
            userCount: userCount, itemCount: itemCount, pairCount: Int(pairs), fingerprint: fingerprint)
        try sections.check(
            bytes, at: 56, names: Section.allCases.map { "\($0)" },
            reason: "for \(userCount) users and \(pairs) pairs", file: file)
    }
}
