import Glibc
import KindredDomain
import KindredModel
import KindredSystem

/// Makes a version from vectors and ids, and publishes it completely or not at all.
///
/// All files are written into a folder that no server reads, and made durable one by one. The folder is loaded once
/// with every check and then renamed to the next version number. Memory: one side's vectors while it is written; the
/// input of seen pairs while these are; all files while the version is checked.
package struct Packer {
    /// Copies a catalog to `path`. Returns the columns of each side without `id`.
    package typealias CatalogStep = (_ path: String) throws -> [Side: [String]]

    /// The folder of all models. It is created if its parent exists.
    package var root: String
    package var name: ModelName
    package var metric: Similarity
    package var items: PackInput?
    package var users: PackInput?
    /// The training of all vectors. Inputs that name another training are refused.
    package var trainingID: String?
    package var catalog: CatalogStep?
    /// A file of pairs of a user and a seen item: a CSR matrix as `scipy.sparse.save_npz` writes it, whose rows and
    /// columns are in the order of the ids given, or a text with a pair per line. Needs both sides.
    package var seen: String?
    /// The column of numbers of the items' catalog that orders popular items. Nil: the count of seen pairs, if there
    /// are any.
    package var popularityColumn: String?
    /// The training's settings for folding in. Needs items.
    package var foldIn: FoldInParameters?
    /// Checks the version before it is published. If it throws, the version is refused.
    package var check: ((LoadedVersion) throws -> Void)?
    package var progress: (PackProgress) -> Void = { _ in }

    package init(root: String, name: ModelName, metric: Similarity = .dot) {
        self.root = root
        self.name = name
        self.metric = metric
    }

    /// Packs and publishes. A failure leaves nothing on disk, except perhaps the folder of all models.
    package func run() throws(PackFailure) -> PackReport {
        var sides: [SidePacker] = []
        if let items { sides.append(try SidePacker(side: .items, input: items, metric: metric)) }
        if let users { sides.append(try SidePacker(side: .users, input: users, metric: metric)) }
        guard let dimension = sides.first?.source.dimension else { throw .nothingToPack }
        for (option, isGiven) in [
            ("--popularity", popularityColumn != nil), ("--alpha", foldIn != nil), ("--seen", seen != nil),
        ] where isGiven && items == nil { throw .sideMissing(option, .items) }
        if seen != nil, users == nil { throw .sideMissing("--seen", .users) }
        if sides.count == 2, sides[1].source.dimension != dimension {
            throw .dimensionsDiffer(items: dimension, users: sides[1].source.dimension)
        }
        let training = try trainingID(of: sides)
        if let seen {
            do throws(FileFailure) {
                try SeenLists.check(
                    path: seen, userCount: sides[1].source.rows, itemCount: sides[0].source.rows)
            } catch {
                throw .input(error)
            }
        }

        let repository = Repository(root: root)
        let directory = repository.directory(of: name)
        try makeDirectory(root)
        let isNew = try makeDirectory(directory)
        // Runs after the staging folder is removed. A folder with a version in it stays, as rmdir fails.
        defer { if isNew { rmdir(directory) } }
        StagingFolder.removeAbandoned(in: directory)
        var staging = try StagingFolder(in: directory)

        var manifest = Manifest(
            model: name, version: try nextVersion(repository), created: Timestamp.now, metric: metric,
            dimension: dimension, fingerprint: Self.randomFingerprint(), trainingID: training, items: nil,
            users: nil, files: [])
        manifest.popularityColumn = popularityColumn
        manifest.foldIn = foldIn
        var headings: [IDHeading.Reading] = []
        var ids: [Side: PackedIDs] = [:]
        for side in sides {
            let written = try side.write(
                into: staging.path, fingerprint: manifest.fingerprint, trainingID: training,
                keepingIDs: seen != nil, progress: progress)
            switch side.side {
            case .items: manifest.items = written.rows
            case .users: manifest.users = written.rows
            }
            manifest.files += written.files
            ids[side.side] = written.ids
            if let heading = written.heading { headings.append(heading) }
        }
        try writeStatistics(into: staging.path, manifest: &manifest)
        let seenReport = try writeSeen(ids, into: staging.path, manifest: &manifest)
        if let catalog { try copyCatalog(catalog, into: staging.path, manifest: &manifest) }
        try writeManifest(manifest, into: staging.path)
        progress(.checking)
        try check(manifest, in: staging.path)

        progress(.publishing)
        try staging.sync()
        while !(try staging.publish(asVersion: manifest.version)) {
            // Another packer has taken the number meanwhile, so the manifest gets the next one.
            let path = staging.path + "/" + ModelFiles.manifest
            guard unlink(path) == 0 else { throw .system(call: "unlink", path: path, code: errno) }
            let next = try nextVersion(repository)
            guard next > manifest.version else { throw .versionsExhausted(directory: directory) }
            manifest.version = next
            try writeManifest(manifest, into: staging.path)
            try staging.sync()
        }
        try StagingFolder.sync(root)
        let silent = sides.filter { trainingID == nil && $0.source.trainingID == nil }.map(\.side)
        var warnings: [PackWarning] = silent.isEmpty ? [] : [.trainingUnknown(silent)]
        warnings += headings.map(PackWarning.heading)
        warnings += lacking(manifest, in: repository).map { [$0] } ?? []
        return PackReport(
            directory: repository.directory(of: name, version: manifest.version), manifest: manifest,
            seen: seenReport, warnings: warnings)
    }

    /// What the version before has and this one has not; nil where nothing is lost, or no version before can be read.
    private func lacking(_ manifest: Manifest, in repository: Repository) -> PackWarning? {
        guard let versions = try? repository.versions(of: name),
            let last = versions.last(where: { $0 < manifest.version }),
            let before = try? Manifest.read(directory: repository.directory(of: name, version: last))
        else { return nil }
        func lost(_ file: String) -> Bool {
            manifest.file(named: file) == nil && before.file(named: file) != nil
        }
        let parts = [
            (manifest.users == nil && before.users != nil, "users"),
            (lost(ModelFiles.catalog), "a catalog"), (lost(ModelFiles.seen), "seen pairs"),
            (manifest.popularitySource == nil && before.popularitySource != nil, "popularity"),
            (manifest.foldIn == nil && before.foldIn != nil, "alpha and lambda"),
        ]
        let missing = parts.filter(\.0).map(\.1)
        return missing.isEmpty ? nil : .lacking(missing, since: last)
    }

    /// The training that all sources agree on; nil if none names one. Throws if two differ.
    private func trainingID(of sides: [SidePacker]) throws(PackFailure) -> String? {
        var found: (id: String, source: String)? = trainingID.map { ($0, "the command") }
        for side in sides {
            guard let id = side.source.trainingID else { continue }
            if let found, !found.id.utf8.elementsEqual(id.utf8) {
                throw .trainingsDiffer(found.id, of: found.source, other: id, ofOther: side.input.vectors)
            }
            found = (id, side.input.vectors)
        }
        guard let id = found?.id else { return nil }
        guard TrainingID.isValid(id) else { throw .trainingIDMalformed(id) }
        return id
    }

    /// Creates a folder unless it exists. Returns whether it was created.
    @discardableResult
    private func makeDirectory(_ path: String) throws(PackFailure) -> Bool {
        if mkdir(path, 0o755) == 0 {
            let parent = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
            let prefix = path.hasPrefix("/") ? "/" : parent.isEmpty ? "." : ""
            try StagingFolder.sync(prefix + parent.joined(separator: "/"))
            return true
        }
        let code = errno
        guard code == EEXIST, DirectoryListing.isDirectory(path) else {
            throw .system(call: "mkdir", path: path, code: code)
        }
        return false
    }

    /// One more than the highest number of any entry of the model's folder, complete or not. So the path of a version
    /// is not used twice while its folder exists.
    private func nextVersion(_ repository: Repository) throws(PackFailure) -> UInt64 {
        let highest: UInt64
        do throws(FileFailure) {
            highest = try repository.versionFolders(of: name).last ?? 0
        } catch {
            throw .input(error)
        }
        guard highest < Limits.numberIDMax else {
            throw .versionsExhausted(directory: repository.directory(of: name))
        }
        return highest + 1
    }

    private static func randomFingerprint() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<Manifest.fingerprintByteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// Writes the statistics of users, if there are any. Reads the users that were just written.
    private func writeStatistics(
        into directory: String, manifest: inout Manifest
    ) throws(PackFailure) {
        guard let rows = manifest.users else { return }
        progress(.summarising(.users, rows: Int(clamping: rows.count)))
        let loader = VersionLoader()
        let statistics: PopulationStatistics
        do throws(FileFailure) {
            guard let users = try loader.table(.users, manifest: manifest, directory: directory),
                case .table(let codes) = try loader.storedCodes(
                    of: users, manifest: manifest, directory: directory)
            else { preconditionFailure("users and their codes are written") }
            statistics = try PopulationStatistics(of: users, codes: codes)
        } catch {
            throw .unloadable(error)
        }
        manifest.files.append(
            try StatisticsWriter.write(statistics, into: directory, fingerprint: manifest.fingerprint))
    }

    /// Writes the seen pairs, if there are any. Returns what was read.
    private func writeSeen(
        _ ids: [Side: PackedIDs], into directory: String, manifest: inout Manifest
    ) throws(PackFailure) -> SeenReport? {
        guard let seen, let users = ids[.users], let items = ids[.items] else { return nil }
        var lists: SeenLists
        do throws(FileFailure) {
            lists = try SeenLists.read(path: seen, users: users, items: items, progress: progress)
        } catch {
            throw .input(error)
        }
        manifest.files.append(
            try SeenWriter.write(
                &lists, into: directory, fingerprint: manifest.fingerprint, progress: progress))
        return lists.report
    }

    private func copyCatalog(
        _ catalog: CatalogStep, into directory: String, manifest: inout Manifest
    ) throws(PackFailure) {
        progress(.copyingCatalog)
        let path = directory + "/" + ModelFiles.catalog
        let columns: [Side: [String]]
        do {
            columns = try catalog(path)
        } catch {
            throw .catalog(reason: "\(error)")
        }
        manifest.items?.columns = columns[.items] ?? []
        manifest.users?.columns = columns[.users] ?? []
        manifest.files.append(try Self.seal(directory: directory, name: ModelFiles.catalog))
    }

    /// Makes a file that the caller's catalog step has written read-only and durable. Returns its entry for the
    /// manifest.
    private static func seal(directory: String, name: String) throws(PackFailure) -> Manifest.File {
        let path = directory + "/" + name
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(call: "open", path: path, code: errno) }
        defer { close(descriptor) }
        guard fchmod(descriptor, 0o444) == 0 else { throw .system(call: "fchmod", path: path, code: errno) }
        guard fsync(descriptor) == 0 else { throw .system(call: "fsync", path: path, code: errno) }
        do throws(FileFailure) {
            let file = try ReadableFile(path: path, name: name)
            return Manifest.File(
                name: name, byteCount: UInt64(file.byteCount), crc32c: try file.checksum())
        } catch {
            throw .input(error)
        }
    }

    private func writeManifest(_ manifest: Manifest, into directory: String) throws(PackFailure) {
        var file = try WritableFile(directory: directory, name: ModelFiles.manifest)
        try file.write(manifest.encoded)
        _ = try file.finish()
    }

    /// Loads the version as a server does, so that no version is published that a server refuses.
    private func check(_ manifest: Manifest, in directory: String) throws(PackFailure) {
        let loaded: LoadedVersion
        do throws(FileFailure) {
            loaded = try VersionLoader().load(
                directory: directory, expecting: name, version: manifest.version)
        } catch {
            throw .unloadable(error)
        }
        do {
            try check?(loaded)
        } catch {
            throw .refused(reason: "\(error)")
        }
    }
}
