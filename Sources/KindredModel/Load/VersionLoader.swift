import KindredDomain
import KindredSystem

/// Reads a version's folder and believes nothing in it.
///
/// Blocks for as long as reading takes, so it never runs on an event loop.
package struct VersionLoader: Sendable {
    package let loading: VectorLoading

    package init(loading: VectorLoading = .memory) { self.loading = loading }

    /// The version in `directory`, which must say that it is `version` of `name`; `means` do the work.
    ///
    /// Throws at the first thing that is not as it must be; files that the manifest does not name are never
    /// opened.
    package func load(
        directory: String, expecting name: ModelName, version: UInt64, with means: LoadResources = .plain
    ) throws(FileFailure) -> LoadedVersion {
        let manifest = try manifest(directory: directory, expecting: name, version: version)
        // The small file first: a damaged catalog costs no reading of vectors.
        var catalogPath: String?
        if let record = manifest.file(named: ModelFiles.catalog) {
            let path = directory + "/" + ModelFiles.catalog
            let file = try open(record, directory: directory)
            try check(record, crc32c: try file.checksum(with: means))
            catalogPath = path
        }
        try means.threads.checkCancellation()
        let items = try table(.items, manifest: manifest, directory: directory, with: means)
        try means.threads.checkCancellation()
        let users = try table(.users, manifest: manifest, directory: directory, with: means)
        try means.threads.checkCancellation()
        var codesBuilt: [Side: CodesBuildReason] = [:]
        return LoadedVersion(
            name: name, version: version, directory: directory, manifest: manifest, items: items,
            users: users,
            itemCodes: try codes(
                of: items, manifest: manifest, directory: directory, with: means, built: &codesBuilt),
            userCodes: try codes(
                of: users, manifest: manifest, directory: directory, with: means, built: &codesBuilt),
            codesBuilt: codesBuilt, catalogPath: catalogPath)
    }

    /// The manifest of the version in `directory`, which must say that it is `version` of `name`.
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

    /// Opens one of the version's files, which must have the size that the manifest says.
    func open(_ record: Manifest.File, directory: String) throws(FileFailure) -> ReadableFile {
        let file = try ReadableFile(path: directory + "/" + record.name, name: record.name)
        guard UInt64(file.byteCount) == record.byteCount else {
            throw FileFailure(
                file: record.name, field: "byte count", found: "\(file.byteCount)",
                wanted: "\(record.byteCount), as the manifest says")
        }
        return file
    }

    func check(_ record: Manifest.File, crc32c: UInt32) throws(FileFailure) {
        guard crc32c == record.crc32c else {
            throw FileFailure(
                file: record.name, field: "CRC32C", found: HexText.encode(crc32c),
                wanted: "\(HexText.encode(record.crc32c)), as the manifest says")
        }
    }

    /// The ids and vectors of a side, or nil where the model has it not.
    package func table(
        _ side: Side, manifest: Manifest, directory: String, with means: LoadResources = .plain
    ) throws(FileFailure) -> VectorTable? {
        guard let rows = manifest.rows(side), let record = manifest.file(named: ModelFiles.vectors(of: side))
        else { return nil }
        let file = try open(record, directory: directory)
        let (region, crc32c) =
            switch loading {
            case .memory: try file.readAll(with: means)
            case .map: try file.mapAll(with: means)
            }
        // A pointer into a region does not keep it alive.
        defer { withExtendedLifetime(region) {} }
        try check(record, crc32c: crc32c)
        try means.threads.checkCancellation()
        let header = try SafetensorsHeader.parse(region.bytes, file: record.name)
        try check(header, against: manifest, file: record.name)

        let ids = try idTable(header: header, rows: rows, region: region, file: record.name)
        let tensor = try header.tensor(ModelFiles.vectorsTensor, .f32, file: record.name)
        guard tensor.shape == [ids.count, manifest.dimension] else {
            throw FileFailure(
                file: record.name, field: "the shape of vectors", found: "\(tensor.shape)",
                wanted: "\([ids.count, manifest.dimension])")
        }
        var storage = [region]
        var vectors = UnsafeRawBufferPointer(rebasing: region.bytes[tensor.range])
        // Regions begin at a page, so the offset alone says whether the elements are aligned.
        if tensor.range.lowerBound % MemoryLayout<Float>.alignment != 0 {
            let copy = try MemoryRegion.copy(of: vectors, for: record.name)
            vectors = copy.bytes
            storage = [copy]
        }
        return try VectorTable(
            side: side, ids: ids, dimension: manifest.dimension, vectors: vectors, storage: storage,
            metric: manifest.metric, file: record.name, with: means)
    }

    /// A vector file must be of the same packing and training as the manifest.
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
        header: SafetensorsHeader, rows: Manifest.Rows, region: MemoryRegion, file: String
    ) throws(FileFailure) -> IDTable {
        let columns = try IDTensors(header: header, kind: rows.idKind, file: file)
        guard UInt64(columns.count) == rows.count else {
            throw FileFailure(
                file: file, field: "number of ids", found: "\(columns.count)",
                wanted: "\(rows.count), as the manifest says")
        }
        switch loading {
        case .memory:
            return try IDTable(
                kind: rows.idKind, count: columns.count,
                words: UnsafeRawBufferPointer(rebasing: region.bytes[columns.words]),
                text: UnsafeRawBufferPointer(rebasing: region.bytes[columns.text]), storage: [region],
                file: file)
        case .map:
            // Offsets that change after they were checked would lead look-ups out of bounds: ids are copied.
            let words = try MemoryRegion.copy(
                of: UnsafeRawBufferPointer(rebasing: region.bytes[columns.words]), for: file)
            let text = try MemoryRegion.copy(
                of: UnsafeRawBufferPointer(rebasing: region.bytes[columns.text]), for: file)
            return try IDTable(
                kind: rows.idKind, count: columns.count, words: words.bytes, text: text.bytes,
                storage: [words, text], file: file)
        }
    }
}

/// Where a version's vectors live while they serve.
package enum VectorLoading: Sendable {
    /// Read into memory: nothing on disk can change or kill what serves.
    case memory
    /// Mapped from their file, for populations larger than memory. Ids are read into memory all the same.
    ///
    /// A file that is cut while it is mapped kills the process that reads it (SIGBUS), and one that is overwritten
    /// changes its answers; published versions are read-only so that neither happens by accident.
    case map
}
