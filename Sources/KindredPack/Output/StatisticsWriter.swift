import KindredModel

/// Writes the file of population statistics.
enum StatisticsWriter {
    /// Writes the file of `name` into `directory`. Returns its entry for the manifest.
    static func write(
        _ statistics: PopulationStatistics, into directory: String, name: String = ModelFiles.statistics,
        fingerprint: [UInt8]
    ) throws(PackFailure) -> Manifest.File {
        let header = PopulationHeader(
            rowCount: statistics.rowCount, dimension: statistics.layout.dimension, fingerprint: fingerprint)
        var file = try WritableFile(directory: directory, name: name)
        try file.write(header.encoded)
        for section in PopulationHeader.Section.allCases {
            try file.pad(to: header.range(of: section).lowerBound)
            try file.write(statistics.bytes(of: section))
        }
        return try file.finish()
    }
}
