import Glibc
import KindredDomain
import KindredModel
import KindredSystem

/// Writes the codes of a published version again if they are missing, of another layout or damaged.
///
/// Each step is durable before the next one begins:
/// 1. Codes are written under temporary names.
/// 2. If the manifest names codes that will be replaced, it is replaced by one that does not.
/// 3. The codes get their final names.
/// 4. A manifest that names them replaces the old one.
///
/// So the version loads after a crash at any point, at worst with codes made in memory. The fingerprint stays, since
/// codes are derived from the vectors, and servers go on serving the version. Memory: one side's vectors and codes.
package struct Reindexer {
    package var name: ModelName
    package var version: UInt64
    /// The version's folder.
    package var directory: String
    package var progress: (PackProgress) -> Void = { _ in }

    package init(directory: String, name: ModelName, version: UInt64) {
        self.directory = directory
        self.name = name
        self.version = version
    }

    /// A codes file under its temporary name.
    private struct Staged {
        let side: Side
        let path: String
        let record: Manifest.File
        let fault: CodesFault
    }

    /// Checks every side and writes the codes that need it. Throws `.input` if the version's other files are damaged,
    /// `.reindexing` if another process reindexes the version, `.system` if the folder cannot be written.
    package func run() throws(PackFailure) -> ReindexReport {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(call: "open", path: directory, code: errno) }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            if errno == EWOULDBLOCK { throw .reindexing(directory: directory) }
            throw .system(call: "lock", path: directory, code: errno)
        }
        // Only holders of the lock make such files, so a crashed process left these.
        let names = (try? DirectoryListing.names(in: directory)) ?? []
        for name in names where StagingFolder.isStagingName(name) { unlink(directory + "/" + name) }

        let loader = VersionLoader()
        var manifest: Manifest
        do throws(FileFailure) {
            manifest = try loader.manifest(directory: directory, expecting: name, version: version)
        } catch {
            throw .input(error)
        }
        var staged: [Staged] = []
        // A file that has got its final name is no longer at this path.
        defer { for file in staged { unlink(file.path) } }
        for side in [Side.items, .users] {
            if let file = try stage(side, manifest: manifest, loader: loader) { staged.append(file) }
        }
        guard !staged.isEmpty else {
            return ReindexReport(directory: directory, manifest: manifest, written: [:])
        }

        progress(.publishing)
        let fileCount = manifest.files.count
        manifest.files.removeAll { file in staged.contains { ModelFiles.codes(of: $0.side) == file.name } }
        if manifest.files.count < fileCount { try replaceManifest(manifest) }
        for file in staged {
            try rename(file.path, to: ModelFiles.codes(of: file.side))
            let vectors = manifest.files.firstIndex { $0.name == ModelFiles.vectors(of: file.side) }
            manifest.files.insert(file.record, at: vectors.map { $0 + 1 } ?? manifest.files.count)
        }
        try StagingFolder.sync(directory)
        try replaceManifest(manifest)
        return ReindexReport(
            directory: directory, manifest: manifest,
            written: Dictionary(uniqueKeysWithValues: staged.map { ($0.side, $0.fault) }))
    }

    /// Writes a side's codes under a temporary name and reads them back; nil if the present codes are right.
    private func stage(
        _ side: Side, manifest: Manifest, loader: VersionLoader
    ) throws(PackFailure) -> Staged? {
        progress(.checking)
        let table: VectorTable
        let builder: CodeBuilder
        let fault: CodesFault
        do throws(FileFailure) {
            guard let found = try loader.table(side, manifest: manifest, directory: directory),
                let reason = self.fault(of: found, manifest: manifest, loader: loader)
            else { return nil }
            table = found
            fault = reason
            builder = try CodeBuilder(table, file: ModelFiles.codes(of: side))
        } catch {
            throw .input(error)
        }
        let name = StagingFolder.randomName()
        let path = directory + "/" + name
        do throws(PackFailure) {
            var file = try WritableFile(directory: directory, name: name)
            try builder.write(to: &file, fingerprint: manifest.fingerprint) {
                progress(.coding(side, rowsDone: $0, rows: table.count))
            }
            var record = try file.finish()
            try readBack(record, table, manifest: manifest, loader: loader)
            record.name = ModelFiles.codes(of: side)
            return Staged(side: side, path: path, record: record, fault: fault)
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Loads the codes file that was just written. Throws `.unloadable` if it has a fault.
    private func readBack(
        _ record: Manifest.File, _ table: VectorTable, manifest: Manifest, loader: VersionLoader
    ) throws(PackFailure) {
        do throws(FileFailure) {
            _ = try loader.storedCodes(record, of: table, manifest: manifest, directory: directory)
        } catch {
            throw .unloadable(error)
        }
    }

    /// The fault of a side's codes, which are compared with its vectors byte by byte; nil if there is none.
    private func fault(
        of table: VectorTable, manifest: Manifest, loader: VersionLoader
    ) -> CodesFault? {
        do throws(FileFailure) {
            switch try loader.storedCodes(of: table, manifest: manifest, directory: directory) {
            case .unusable(let reason): return .unusable(reason)
            case .table(let codes):
                try Int8Codes.check(codes, against: table)
                return nil
            }
        } catch {
            let file = ModelFiles.codes(of: table.side)
            var status = stat()
            let isAbsent = lstat(directory + "/" + file, &status) != 0 && errno == ENOENT
            return isAbsent ? .absent(file: file) : .damaged(error)
        }
    }

    /// Replaces the manifest atomically and makes that durable.
    private func replaceManifest(_ manifest: Manifest) throws(PackFailure) {
        let name = StagingFolder.randomName()
        let path = directory + "/" + name
        do throws(PackFailure) {
            var file = try WritableFile(directory: directory, name: name)
            try file.write(manifest.encoded)
            _ = try file.finish()
            try rename(path, to: ModelFiles.manifest)
        } catch {
            unlink(path)
            throw error
        }
        try StagingFolder.sync(directory)
    }

    private func rename(_ path: String, to name: String) throws(PackFailure) {
        let target = directory + "/" + name
        guard Glibc.rename(path, target) == 0 else {
            throw .system(call: "rename to", path: target, code: errno)
        }
    }
}
