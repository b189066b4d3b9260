import KindredDomain
import KindredSystem

/// Reads a version's folder and checks every byte of it.
///
/// Blocks while it reads, so it never runs on an event loop.
package struct VersionLoader: Sendable {
    package let loading: VectorLoading

    package init(loading: VectorLoading = .memory) { self.loading = loading }

    /// Loads the version in `directory`, whose manifest must name `name` and `version`. `means` gives threads and
    /// memory.
    ///
    /// Throws at the first fault. Files that the manifest does not name are never opened.
    package func load(
        directory: String, expecting name: ModelName, version: UInt64, with resources: LoadResources = .plain
    ) throws(FileFailure) -> LoadedVersion {
        let manifest = try manifest(directory: directory, expecting: name, version: version)
        // The small file first, so that a damaged catalog is found before the vectors are read.
        var catalogPath: String?
        if let record = manifest.file(named: ModelFiles.catalog) {
            let path = directory + "/" + ModelFiles.catalog
            let file = try open(record, directory: directory)
            try check(record, crc32c: try file.checksum(with: resources))
            catalogPath = path
        }
        try resources.threads.checkCancellation()
        let items = try table(.items, manifest: manifest, directory: directory, with: resources)
        try resources.threads.checkCancellation()
        let users = try table(.users, manifest: manifest, directory: directory, with: resources)
        try resources.threads.checkCancellation()
        let seen = try seenPairs(
            users: users, items: items, manifest: manifest, directory: directory, with: resources)
        var codesBuilt: [Side: BuildReason] = [:]
        let itemCodes = try codes(
            of: items, manifest: manifest, directory: directory, with: resources, built: &codesBuilt)
        let userCodes = try codes(
            of: users, manifest: manifest, directory: directory, with: resources, built: &codesBuilt)
        var statisticsBuilt: BuildReason?
        let statistics = try statistics(
            of: users, codes: userCodes, manifest: manifest, directory: directory, with: resources,
            built: &statisticsBuilt)
        return LoadedVersion(
            name: name, version: version, directory: directory, manifest: manifest, items: items,
            users: users, itemCodes: itemCodes, userCodes: userCodes, seen: seen, statistics: statistics,
            codesBuilt: codesBuilt, statisticsBuilt: statisticsBuilt, catalogPath: catalogPath)
    }

    /// Reads the manifest in `directory`. Throws unless it names `name` and `version`.
    package func manifest(
        directory: String, expecting name: ModelName, version: UInt64
    ) throws(FileFailure) -> Manifest {
        let manifest = try Manifest.read(directory: directory)
        guard manifest.model == name else {
            throw FileFailure(
                file: ModelFiles.manifest, field: "model",
                found: FileFailure.quoted(manifest.model.description),
                wanted: "\"\(name)\", the folder's name")
        }
        guard manifest.version == version else {
            throw FileFailure(
                file: ModelFiles.manifest, field: "version", found: "\(manifest.version)",
                wanted: "\(version), the folder's name")
        }
        return manifest
    }

    /// Opens one of the version's files. Throws unless it has the size that the manifest names.
    func open(_ record: Manifest.File, directory: String) throws(FileFailure) -> ReadableFile {
        let file = try ReadableFile(path: directory + "/" + record.name, name: record.name)
        guard UInt64(file.byteCount) == record.byteCount else {
            throw FileFailure(
                file: record.name, field: "byte count", found: "\(file.byteCount)",
                wanted: "\(record.byteCount), as the manifest says")
        }
        return file
    }

    /// Throws unless a checksum is the one that the manifest names.
    func check(_ record: Manifest.File, crc32c: UInt32) throws(FileFailure) {
        guard crc32c == record.crc32c else {
            throw FileFailure(
                file: record.name, field: "CRC32C", found: HexText.encode(crc32c),
                wanted: "\(HexText.encode(record.crc32c)), as the manifest says")
        }
    }

    /// Loads the ids and vectors of a side; nil if the model does not have the side.
    package func table(
        _ side: Side, manifest: Manifest, directory: String, with resources: LoadResources = .plain
    ) throws(FileFailure) -> VectorTable? {
        guard let rows = manifest.rows(side), let record = manifest.file(named: ModelFiles.vectors(of: side))
        else { return nil }
        let file = try open(record, directory: directory)
        // The bytes before the file in the region, so that vectors at an odd offset are aligned without a copy.
        let shift: Int
        let (region, crc32c): (MemoryRegion, UInt32)
        switch loading {
        case .memory:
            shift = Self.bytesToAlignment(ofVectorsIn: file)
            (region, crc32c) = try file.readAll(with: resources, shiftedBy: shift)
        case .map:
            shift = 0
            (region, crc32c) = try file.mapAll(with: resources)
        }
        try check(record, crc32c: crc32c)
        try resources.threads.checkCancellation()
        let header = try region.withBytes { (bytes) throws(FileFailure) in
            try SafetensorsHeader.parse(UnsafeRawBufferPointer(rebasing: bytes[shift...]), file: record.name)
        }
        try check(header, against: manifest, file: record.name)

        let ids = try idTable(header: header, rows: rows, region: region, shift: shift, file: record.name)
        let tensor = try header.tensor(ModelFiles.vectorsTensor, .f32, file: record.name)
        guard tensor.shape == [ids.count, manifest.dimension] else {
            throw FileFailure(
                file: record.name, field: "the shape of vectors", found: "\(tensor.shape)",
                wanted: "\([ids.count, manifest.dimension])")
        }
        // Regions begin at a page, so the offset alone tells whether the elements are aligned.
        let bytes = shift + tensor.range.lowerBound..<shift + tensor.range.upperBound
        let vectors =
            bytes.lowerBound % MemoryLayout<Float>.alignment == 0
            ? RegionColumn<Float>(region, bytes: bytes)
            : RegionColumn<Float>(try MemoryRegion.copy(of: region, bytes: bytes, for: record.name))
        return try VectorTable(
            side: side, ids: ids, dimension: manifest.dimension, vectors: vectors, metric: manifest.metric,
            file: record.name, with: resources)
    }

    /// The bytes from the vectors of an open file to the next offset that is aligned for float32: 0 to 3. Also 0 for a
    /// file without a valid header, which the load refuses later.
    static func bytesToAlignment(ofVectorsIn file: borrowing ReadableFile) -> Int {
        guard let header = try? SafetensorsHeader.read(file),
            let tensor = header.tensor(ModelFiles.vectorsTensor)
        else { return 0 }
        let alignment = MemoryLayout<Float>.alignment
        return (alignment - tensor.range.lowerBound % alignment) % alignment
    }

    /// Throws unless a vector file comes from the same pack and the same training as the manifest.
    private func check(
        _ header: SafetensorsHeader, against manifest: Manifest, file: String
    ) throws(FileFailure) {
        let fingerprint = header.metadata(ModelFiles.fingerprintKey)
        guard fingerprint == manifest.fingerprintText else {
            throw FileFailure(
                file: file, field: "__metadata__.\(ModelFiles.fingerprintKey)",
                found: fingerprint.map(FileFailure.quoted) ?? "absent",
                wanted: "\"\(manifest.fingerprintText)\", as the manifest says")
        }
        let training = header.metadata(ModelFiles.trainingKey)
        guard training.map({ Array($0.utf8) }) == manifest.trainingID.map({ Array($0.utf8) }) else {
            throw FileFailure(
                file: file, field: "__metadata__.\(ModelFiles.trainingKey)",
                found: training.map(FileFailure.quoted) ?? "absent",
                wanted:
                    "\(manifest.trainingID.map(FileFailure.quoted) ?? "absent"), as the manifest says")
        }
    }

    private func idTable(
        header: SafetensorsHeader, rows: Manifest.Rows, region: MemoryRegion, shift: Int, file: String
    ) throws(FileFailure) -> IDTable {
        let columns = try IDTensors(header: header, kind: rows.idKind, file: file)
        guard UInt64(columns.count) == rows.count else {
            throw FileFailure(
                file: file, field: "number of ids", found: "\(columns.count)",
                wanted: "\(rows.count), as the manifest says")
        }
        func column(_ bytes: Range<Int>) throws(FileFailure) -> RegionColumn<UInt8> {
            switch loading {
            case .memory:
                return RegionColumn(region, bytes: shift + bytes.lowerBound..<shift + bytes.upperBound)
            // Mapped offsets that change after the check would lead lookups out of bounds, so ids are copied.
            case .map: return RegionColumn(try MemoryRegion.copy(of: region, bytes: bytes, for: file))
            }
        }
        return try IDTable(
            kind: rows.idKind, count: columns.count, words: try column(columns.words),
            text: try column(columns.text), file: file)
    }
}

/// Where the vectors of a serving version are.
package enum VectorLoading: Sendable {
    /// Read into memory. Changes on disk do not affect the version.
    case memory
    /// Mapped from their file, for models larger than memory. Ids are copied into memory.
    ///
    /// Cutting a mapped file kills the process that reads it (SIGBUS); overwriting it changes answers. Published files
    /// are read-only, so that neither happens by accident.
    case map
}
