import KindredDomain
import KindredSystem

extension VersionLoader {
    /// What a version has for the codes of a side.
    package enum StoredCodes {
        case table(Int8Codes)
        /// No file that this program reads; they must be made.
        case unusable(CodesBuildReason)
    }

    /// The codes of a side as the version's file has them. Throws where the file is damaged.
    package func storedCodes(
        of table: VectorTable, manifest: Manifest, directory: String, with means: LoadResources = .plain
    ) throws(FileFailure) -> StoredCodes {
        guard let record = manifest.file(named: ModelFiles.codes(of: table.side)) else {
            return .unusable(.missing)
        }
        return try storedCodes(record, of: table, manifest: manifest, directory: directory, with: means)
    }

    /// The same for a file that the manifest need not name.
    package func storedCodes(
        _ record: Manifest.File, of table: VectorTable, manifest: Manifest, directory: String,
        with means: LoadResources = .plain
    ) throws(FileFailure) -> StoredCodes {
        let (region, crc32c) = try open(record, directory: directory).readAll(with: means)
        try check(record, crc32c: crc32c)
        // A pointer into a region does not keep it alive.
        defer { withExtendedLifetime(region) {} }
        let layout = try CodesHeader.layoutVersion(of: region.bytes, file: record.name)
        guard layout == CodesHeader.layoutVersionCurrent else { return .unusable(.layout(found: layout)) }
        let header = CodesHeader(
            rowCount: table.count, dimension: table.dimension, fingerprint: manifest.fingerprint)
        return .table(
            try Int8Codes(region: region, header: header, of: table, file: record.name, with: means))
    }

    /// The codes of a side, made here where the version has none that this program reads. Codes decide what is left
    /// out of an answer, so stored ones are compared with those that the vectors give; not where vectors are mapped,
    /// which may be more than memory holds and would be read in the order of norms.
    func codes(
        of table: VectorTable?, manifest: Manifest, directory: String, with means: LoadResources,
        built: inout [Side: CodesBuildReason]
    ) throws(FileFailure) -> Int8Codes? {
        guard let table else { return nil }
        switch try storedCodes(of: table, manifest: manifest, directory: directory, with: means) {
        case .table(let codes):
            if case .memory = loading { try Int8Codes.check(codes, against: table, with: means) }
            return codes
        case .unusable(let reason):
            built[table.side] = reason
            return try Int8Codes(building: table, with: means)
        }
    }
}

/// Why a side's codes were made while its version was loaded, which costs time at every load.
package enum CodesBuildReason: Sendable, Equatable, CustomStringConvertible {
    /// The version has no codes file.
    case missing
    /// The codes file has another layout than this program reads.
    case layout(found: UInt32)

    package var description: String {
        switch self {
        case .missing: "the version has none"
        case .layout(let found):
            "their layout is \(found), this program reads \(CodesHeader.layoutVersionCurrent)"
        }
    }
}
