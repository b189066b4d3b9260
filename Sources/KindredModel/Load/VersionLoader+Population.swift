import KindredDomain
import KindredSystem

extension VersionLoader {
    /// The state of the stored statistics of users.
    package enum StoredStatistics {
        case statistics(PopulationStatistics)
        /// There is no file that this program reads; the statistics must be made.
        case unusable(BuildReason)
    }

    /// Reads the file of statistics that the manifest names. Throws if it is damaged.
    package func storedStatistics(
        of users: VectorTable, manifest: Manifest, directory: String, with resources: LoadResources = .plain
    ) throws(FileFailure) -> StoredStatistics {
        guard let record = manifest.file(named: ModelFiles.statistics) else { return .unusable(.missing) }
        return try storedStatistics(
            record, of: users, manifest: manifest, directory: directory, with: resources)
    }

    /// Reads a file of statistics that the manifest may not name yet. Throws if it is damaged.
    package func storedStatistics(
        _ record: Manifest.File, of users: VectorTable, manifest: Manifest, directory: String,
        with resources: LoadResources = .plain
    ) throws(FileFailure) -> StoredStatistics {
        let (region, crc32c) = try open(record, directory: directory).readAll(with: resources)
        try check(record, crc32c: crc32c)
        return try region.withBytes { (bytes) throws(FileFailure) in
            let layout = try PopulationHeader.layoutVersion(of: bytes, file: record.name)
            guard layout == PopulationHeader.layoutVersionCurrent else {
                return .unusable(.layout(found: layout, read: PopulationHeader.layoutVersionCurrent))
            }
            let header = PopulationHeader(
                rowCount: users.count, dimension: users.dimension, fingerprint: manifest.fingerprint)
            try header.check(bytes, file: record.name)
            return .statistics(
                try PopulationStatistics(
                    bytes, header: header, of: users, file: record.name, with: resources))
        }
    }

    /// The statistics of users: read from the version's file, or made if it has none that this program reads. Then the
    /// reason goes to `built`. Nil without users.
    ///
    /// A false number in a file makes a worse audience, not a false score, so values are checked alone and not compared
    /// with those of the vectors, which would take as long as making them.
    func statistics(
        of users: VectorTable?, codes: Int8Codes?, manifest: Manifest, directory: String,
        with resources: LoadResources, built: inout BuildReason?
    ) throws(FileFailure) -> PopulationStatistics? {
        guard let users, let codes else { return nil }
        switch try storedStatistics(of: users, manifest: manifest, directory: directory, with: resources) {
        case .statistics(let statistics): return statistics
        case .unusable(let reason):
            built = reason
            return try PopulationStatistics(of: users, codes: codes, with: resources)
        }
    }
}
