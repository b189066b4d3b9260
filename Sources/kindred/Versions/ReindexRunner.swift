import ArgumentParser
import KindredDomain
import KindredModel
import KindredPack
import KindredSystem
import KindredTerminal

/// `kindred pack --reindex`: rebuilds the int8 codes of published versions where they are missing, outdated or damaged.
struct ReindexRunner {
    /// A version's folder, a model's folder, or the folder of all models.
    let path: String
    let json: Bool

    /// A version that fails does not keep the others from being reindexed. Throws exit status 1 after the last one.
    func run() throws {
        var isDone = true
        for folder in try VersionFolders(path: path).folders {
            do {
                try reindex(folder)
            } catch {
                isDone = false
                FailedVersion(folder: folder, reason: "\(error)").show("failed", json: json)
            }
        }
        if !isDone { throw ExitCode(1) }
    }

    private func reindex(_ folder: VersionFolders.Folder) throws {
        var reindexer = Reindexer(directory: folder.directory, name: folder.name, version: folder.version)
        let report = try PackProgress.shown { show in
            reindexer.progress = show
            return try reindexer.run()
        }
        if json {
            print(JSONWriter.compact(Self.json(report)))
        } else {
            Self.lines(report).forEach { print($0) }
        }
    }

    private static func lines(_ report: ReindexReport) -> [String] {
        let manifest = report.manifest
        let version = "\(manifest.model) \(manifest.version)"
        guard !report.written.isEmpty else { return ["\(version)  codes are up to date, nothing to do"] }
        return [Side.items, .users].compactMap { side in
            guard let fault = report.written[side],
                let file = manifest.file(named: ModelFiles.codes(of: side))
            else { return nil }
            return "\(version)  wrote \(file.name), \(file.byteCount.groupedDigits) bytes: \(fault)"
        }
    }

    private static func json(_ report: ReindexReport) -> JSONValue {
        let written = [Side.items, .users].compactMap { side in
            report.written[side].map { JSONMember(ModelFiles.codes(of: side), .string($0.description)) }
        }
        return .object([
            JSONMember("directory", .string(report.directory)),
            JSONMember("model", .string(report.manifest.model.description)),
            JSONMember("version", .integer(report.manifest.version)),
            JSONMember("fingerprint", .string(report.manifest.fingerprintText)),
            JSONMember("written", .object(written)),
        ])
    }
}
