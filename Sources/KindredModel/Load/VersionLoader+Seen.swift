import KindredSystem

extension VersionLoader {
    /// The seen pairs of a version; nil if it has none. Throws if the file is damaged.
    ///
    /// Mapped offsets that change after the check would lead reads out of bounds, so they are copied. Rows stay mapped,
    /// and `SeenList` cuts each at the last row.
    func seenPairs(
        users: VectorTable?, items: VectorTable?, manifest: Manifest, directory: String,
        with resources: LoadResources
    ) throws(FileFailure) -> SeenPairs? {
        guard let record = manifest.file(named: ModelFiles.seen), let users, let items else { return nil }
        let file = try open(record, directory: directory)
        let (region, crc32c) =
            switch loading {
            case .memory: try file.readAll(with: resources)
            case .map: try file.mapAll(with: resources)
            }
        try check(record, crc32c: crc32c)
        let header = try region.withBytes { (bytes) throws(FileFailure) in
            try SeenHeader(
                bytes, userCount: users.count, itemCount: items.count, fingerprint: manifest.fingerprint,
                file: record.name)
        }
        let offsets: RegionColumn<UInt64>
        switch loading {
        case .memory: offsets = RegionColumn(region, bytes: header.range(of: .offsets))
        case .map:
            offsets = RegionColumn(
                try MemoryRegion.copy(of: region, bytes: header.range(of: .offsets), for: record.name))
        }
        return try SeenPairs(
            offsets: offsets, rows: RegionColumn(region, bytes: header.range(of: .rows)),
            itemCount: items.count, file: record.name, with: resources)
    }
}
