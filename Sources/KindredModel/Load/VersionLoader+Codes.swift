import KindredDomain
import KindredSystem

extension VersionLoader {
    /// The state of the stored codes of a side.
    package enum StoredCodes {
        case table(Int8Codes)
        /// There is no file that this program reads; the codes must be made.
        case unusable(BuildReason)
    }

    /// Reads the codes file of a side that the manifest names. Throws if it is damaged.
    package func storedCodes(
        of table: VectorTable, manifest: Manifest, directory: String, with resources: LoadResources = .plain
    ) throws(FileFailure) -> StoredCodes {
        guard let record = manifest.file(named: ModelFiles.codes(of: table.side)) else {
            return .unusable(.missing)
        }
        return try storedCodes(record, of: table, manifest: manifest, directory: directory, with: resources)
    }

    /// Reads a codes file that the manifest may not name yet. Throws if it is damaged.
    package func storedCodes(
        _ record: Manifest.File, of table: VectorTable, manifest: Manifest, directory: String,
        with resources: LoadResources = .plain
    ) throws(FileFailure) -> StoredCodes {
        let (region, crc32c) = try open(record, directory: directory).readAll(with: resources)
        try check(record, crc32c: crc32c)
        let layout = try region.withBytes { (bytes) throws(FileFailure) in
            try CodesHeader.layoutVersion(of: bytes, file: record.name)
        }
        guard layout == CodesHeader.layoutVersionCurrent else {
            return .unusable(.layout(found: layout, read: CodesHeader.layoutVersionCurrent))
        }
        let header = CodesHeader(
            rowCount: table.count, dimension: table.dimension, fingerprint: manifest.fingerprint)
        return .table(
            try Int8Codes(region: region, header: header, of: table, file: record.name, with: resources))
    }

    /// The codes of a side: read from the version's file, or made if it has none that this program reads. The reason
    /// for making them goes to `built`. Nil without a table.
    ///
    /// Codes decide which rows an answer leaves out, so stored codes are compared with those of the vectors. Mapped
    /// vectors are the exception: they may exceed memory, and the comparison reads them in the order of norms.
    func codes(
        of table: VectorTable?, manifest: Manifest, directory: String, with resources: LoadResources,
        built: inout [Side: BuildReason]
    ) throws(FileFailure) -> Int8Codes? {
        guard let table else { return nil }
        switch try storedCodes(of: table, manifest: manifest, directory: directory, with: resources) {
        case .table(let codes):
            if case .memory = loading { try Int8Codes.check(codes, against: table, with: resources) }
            return codes
        case .unusable(let reason):
            built[table.side] = reason
            return try Int8Codes(building: table, with: resources)
        }
    }
}
