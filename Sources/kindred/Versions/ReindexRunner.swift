import ArgumentParser
import KindredDomain
import KindredModel
import KindredPack
import KindredSystem
import KindredTerminal

/// `kindred pack --reindex`: rebuilds the int8 codes and the statistics of published versions where
/// they are missing, outdated or damaged.
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
        let lines = faults(report).compactMap { name, fault in
            manifest.file(named: name).map {
                "\(version)  wrote \(name), \($0.byteCount.groupedDigits) bytes: \(fault)"
            }
        }
        return lines.isEmpty ? ["\(version)  codes and statistics are up to date, nothing to do"] : lines
    }

    /// The files that were written, with the reasons.
    private static func faults(_ report: ReindexReport) -> [(name: String, fault: DerivedFault)] {
        let codes = [Side.items, .users].compactMap { side in
            report.written[side].map { (ModelFiles.codes(of: side), $0) }
        }
        return codes + (report.statistics.map { [(ModelFiles.statistics, $0)] } ?? [])
    }

    private static func json(_ report: ReindexReport) -> JSONValue {
        let written = faults(report).map { JSONMember($0.name, .string($0.fault.description)) }
        return .object([
            JSONMember("directory", .string(report.directory)),
            JSONMember("model", .string(report.manifest.model.description)),
            JSONMember("version", .integer(report.manifest.version)),
            JSONMember("fingerprint", .string(report.manifest.fingerprintText)),
            JSONMember("written", .object(written)),
        ])
    }
}
