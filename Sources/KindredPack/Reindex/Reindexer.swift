import Glibc
import KindredDomain
import KindredModel
import KindredSystem

/// Writes the codes of a published version anew, where they are missing, of another layout or damaged.
///
/// Every step is made durable before the next: codes are written under temporary names; a manifest that names files
/// about to be replaced is replaced by one that does not; codes get their names; the manifest that names them comes
/// last. So the version loads after a crash at any point, with codes made in memory at worst. Its fingerprint stays:
/// the codes are derived, and a server that serves the version goes on. Memory: one side's vectors and codes.
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

    /// Looks at every side and writes what is needed. Throws `.input` where the version's other files are damaged,
    /// `.reindexing` where another process does the same, `.system` where the folder cannot be written.
    package func run() throws(PackFailure) -> ReindexReport {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(call: "open", path: directory, code: errno) }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            if errno == EWOULDBLOCK { throw .reindexing(directory: directory) }
            throw .system(call: "lock", path: directory, code: errno)
        }
        // Whoever left these is dead: they are made under the lock alone.
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
        // What has its final name by then is not found.
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

    /// Writes a side's codes under a temporary name and reads them back; nil where those at hand are right.
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
        // Pointers into the table do not keep it alive.
        defer { withExtendedLifetime(table) {} }
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

    private func readBack(
        _ record: Manifest.File, _ table: VectorTable, manifest: Manifest, loader: VersionLoader
    ) throws(PackFailure) {
        do throws(FileFailure) {
            _ = try loader.storedCodes(record, of: table, manifest: manifest, directory: directory)
        } catch {
            throw .unloadable(error)
        }
    }

    /// What is wrong with a side's codes, compared with its vectors to the last byte.
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
