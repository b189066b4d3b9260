import Glibc
import KindredDomain
import KindredModel
import KindredSystem

/// Writes the codes and the statistics of a published version again if they are missing, of another layout or damaged.
///
/// Each step is durable before the next one begins:
/// 1. Files are written under temporary names.
/// 2. If the manifest names files that will be replaced, it is replaced by one that does not.
/// 3. The files get their final names.
/// 4. A manifest that names them replaces the old one.
///
/// So the version loads after a crash at any point, at worst with codes made in memory. The fingerprint stays, since
/// all this is derived from the vectors, and servers go on serving the version. Memory: one side's vectors and codes.
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

    /// A file under its temporary name.
    private struct Staged {
        let path: String
        /// With the final name.
        let record: Manifest.File
        let fault: DerivedFault
        /// The file that it stands behind in the manifest, if that names it.
        let after: String
    }

    /// Checks every side and writes what needs it. Throws `.input` if the version's other files are damaged,
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
            guard let table = try table(side, manifest: manifest, loader: loader) else { continue }
            if let fault = codesFault(of: table, manifest: manifest, loader: loader) {
                staged.append(try stage(fault, of: table, manifest: manifest, loader: loader))
            }
            guard side == .users else { continue }
            if let file = try stageStatistics(of: table, manifest: manifest, loader: loader) {
                staged.append(file)
            }
        }
        if !staged.isEmpty { try publish(staged, &manifest) }
        func written(_ name: String) -> DerivedFault? { staged.first { $0.record.name == name }?.fault }
        return ReindexReport(
            directory: directory, manifest: manifest,
            written: Dictionary(
                uniqueKeysWithValues: Side.allCases.compactMap { side in
                    written(ModelFiles.codes(of: side)).map { (side, $0) }
                }),
            statistics: written(ModelFiles.statistics))
    }

    /// Gives the files their final names and names them in the manifest.
    private func publish(_ staged: [Staged], _ manifest: inout Manifest) throws(PackFailure) {
        progress(.publishing)
        let fileCount = manifest.files.count
        manifest.files.removeAll { file in staged.contains { $0.record.name == file.name } }
        if manifest.files.count < fileCount { try replaceManifest(manifest) }
        for file in staged {
            try rename(file.path, to: file.record.name)
            let before = manifest.files.firstIndex { $0.name == file.after }
            manifest.files.insert(file.record, at: before.map { $0 + 1 } ?? manifest.files.count)
        }
        try StagingFolder.sync(directory)
        try replaceManifest(manifest)
    }

    private func table(
        _ side: Side, manifest: Manifest, loader: VersionLoader
    ) throws(PackFailure) -> VectorTable? {
        progress(.checking)
        do throws(FileFailure) {
            return try loader.table(side, manifest: manifest, directory: directory)
        } catch {
            throw .input(error)
        }
    }

    /// Writes a side's codes under a temporary name and reads them back.
    private func stage(
        _ fault: DerivedFault, of table: VectorTable, manifest: Manifest, loader: VersionLoader
    ) throws(PackFailure) -> Staged {
        let builder: CodeBuilder
        do throws(FileFailure) {
            builder = try CodeBuilder(table, file: ModelFiles.codes(of: table.side))
        } catch {
            throw .input(error)
        }
        return try stage(
            ModelFiles.codes(of: table.side), after: ModelFiles.vectors(of: table.side), fault
        ) { (name) throws(PackFailure) in
            var file = try WritableFile(directory: directory, name: name)
            try builder.write(to: &file, fingerprint: manifest.fingerprint) {
                progress(.coding(table.side, rowsDone: $0, rows: table.count))
            }
            return try file.finish()
        } readBack: { (record) throws(FileFailure) in
            _ = try loader.storedCodes(record, of: table, manifest: manifest, directory: directory)
        }
    }

    /// Writes the statistics of users under a temporary name and reads them back; nil if the present ones are right.
    private func stageStatistics(
        of users: VectorTable, manifest: Manifest, loader: VersionLoader
    ) throws(PackFailure) -> Staged? {
        progress(.summarising(.users, rows: users.count))
        let statistics: PopulationStatistics
        do throws(FileFailure) {
            statistics = try PopulationStatistics(of: users, codes: try Int8Codes(building: users))
        } catch {
            throw .input(error)
        }
        let name = ModelFiles.statistics
        let fault = fault(of: name) { () throws(FileFailure) in
            switch try loader.storedStatistics(of: users, manifest: manifest, directory: directory) {
            case .unusable(let reason): return reason
            case .statistics(let found):
                try found.check(equals: statistics)
                return nil
            }
        }
        guard let fault else { return nil }
        return try stage(name, after: ModelFiles.codes(of: .users), fault) { (name) throws(PackFailure) in
            try StatisticsWriter.write(
                statistics, into: directory, name: name, fingerprint: manifest.fingerprint)
        } readBack: { (record) throws(FileFailure) in
            _ = try loader.storedStatistics(record, of: users, manifest: manifest, directory: directory)
        }
    }

    /// Writes a file under a temporary name and reads it back. Throws `.unloadable` if it has a fault then.
    private func stage(
        _ finalName: String, after: String, _ fault: DerivedFault,
        _ write: (_ name: String) throws(PackFailure) -> Manifest.File,
        readBack: (Manifest.File) throws(FileFailure) -> Void
    ) throws(PackFailure) -> Staged {
        let name = StagingFolder.randomName()
        let path = directory + "/" + name
        do throws(PackFailure) {
            var record = try write(name)
            do throws(FileFailure) {
                try readBack(record)
            } catch {
                throw PackFailure.unloadable(error)
            }
            record.name = finalName
            return Staged(path: path, record: record, fault: fault, after: after)
        } catch {
            unlink(path)
            throw error
        }
    }

    /// The fault of a side's codes, which are compared with its vectors byte by byte; nil if there is none.
    private func codesFault(
        of table: VectorTable, manifest: Manifest, loader: VersionLoader
    ) -> DerivedFault? {
        fault(of: ModelFiles.codes(of: table.side)) { () throws(FileFailure) in
            switch try loader.storedCodes(of: table, manifest: manifest, directory: directory) {
            case .unusable(let reason): return reason
            case .table(let codes):
                try Int8Codes.check(codes, against: table)
                return nil
            }
        }
    }

    /// The fault of a file that `check` finds; nil if there is none.
    private func fault(
        of file: String, _ check: () throws(FileFailure) -> BuildReason?
    ) -> DerivedFault? {
        do throws(FileFailure) {
            return try check().map(DerivedFault.unusable)
        } catch {
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
