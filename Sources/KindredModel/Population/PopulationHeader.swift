import KindredDomain
import KindredSystem

/// The header of a file of population statistics. The counts and the version's fingerprint determine it.
///
/// The header takes `byteCount` bytes, little-endian. The sections follow in the order of `Section`, each at the next
/// multiple of 64, with zeros between them. The file ends with the last section. `models/README.md` lists the offsets.
package struct PopulationHeader: Sendable, Equatable {
    /// The sections in the file's order.
    package enum Section: Int, CaseIterable, Sendable {
        /// `Double` per element: the mean of the vectors.
        case mean
        /// `Double`: the sums of products of elements i and j <= i, row after row of the lower triangle.
        case products
        /// `Float`: the quantiles of the norms.
        case norms
        /// `UInt32`: the rows of the sample.
        case sample
    }

    /// The layout that this program writes, and the only one that it reads.
    package static let layoutVersionCurrent: UInt32 = 1
    package static let magic = Array("KINDSTAT".utf8)
    /// Bytes before the first section.
    package static let byteCount = FileSections.headerByteCount

    package let rowCount: Int
    package let dimension: Int
    package let fingerprint: [UInt8]

    /// `rowCount` is 1 to `Limits.rowsMax`, `dimension` 1 to 4,096.
    package init(rowCount: Int, dimension: Int, fingerprint: [UInt8]) {
        precondition(fingerprint.count == Manifest.fingerprintByteCount)
        self.rowCount = rowCount
        self.dimension = dimension
        self.fingerprint = fingerprint
    }

    /// Bytes of a section.
    package func byteCount(of section: Section) -> Int {
        switch section {
        case .mean: dimension * MemoryLayout<Double>.stride
        case .products: dimension * (dimension + 1) / 2 * MemoryLayout<Double>.stride
        case .norms: PopulationStatistics.quantileCount * MemoryLayout<Float>.stride
        case .sample:
            PopulationStatistics.sampleCount(rowCount: rowCount) * MemoryLayout<UInt32>.stride
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
        append(UInt32(truncatingIfNeeded: dimension))
        append(UInt64(rowCount))
        append(UInt64(PopulationStatistics.sampleCount(rowCount: rowCount)))
        return sections.header(bytes + fingerprint)
    }

    /// The layout version of a file in memory. Throws unless the file begins as a file of statistics.
    package static func layoutVersion(
        of bytes: UnsafeRawBufferPointer, file: String
    ) throws(FileFailure) -> UInt32 {
        guard bytes.count >= byteCount else {
            throw FileFailure(
                file: file, field: "byte count", found: "\(bytes.count)", wanted: "at least \(byteCount)")
        }
        guard bytes.prefix(magic.count).elementsEqual(magic) else {
            throw FileFailure(
                file: file, field: "magic", found: HexText.encode(bytes.prefix(magic.count)),
                wanted: HexText.encode(magic))
        }
        return bytes.littleEndian(at: 8, as: UInt32.self)
    }

    /// Checks a file of the current layout in memory. Throws unless it is this header's, has the size that the counts
    /// give, and has only zeros between its sections.
    package func check(_ bytes: UnsafeRawBufferPointer, file: String) throws(FileFailure) {
        func require(_ field: String, _ found: UInt64, _ wanted: Int, _ reason: String) throws(FileFailure) {
            guard found == UInt64(wanted) else {
                throw FileFailure(file: file, field: field, found: "\(found)", wanted: "\(wanted), \(reason)")
            }
        }
        let reason = "as the manifest says"
        let sampleCount = PopulationStatistics.sampleCount(rowCount: rowCount)
        try require("dimension", UInt64(bytes.littleEndian(at: 12, as: UInt32.self)), dimension, reason)
        try require("users", bytes.littleEndian(at: 16, as: UInt64.self), rowCount, reason)
        try require(
            "rows of the sample", bytes.littleEndian(at: 24, as: UInt64.self), sampleCount,
            "all users, at most \(PopulationStatistics.sampleCountMax)")
        let found = bytes[32..<48]
        guard found.elementsEqual(fingerprint) else {
            throw FileFailure(
                file: file, field: "fingerprint", found: HexText.encode(found),
                wanted: "\(HexText.encode(fingerprint)), \(reason)")
        }
        try sections.check(
            bytes, at: 48, names: Section.allCases.map { "\($0)" },
            reason: "for \(rowCount) users of dimension \(dimension)", file: file)
    }
}
