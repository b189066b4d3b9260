import ArgumentParser
import KindredCatalog
import KindredDomain
import KindredModel
import KindredServer
import KindredSystem
import KindredTerminal

/// `kindred verify`: loads versions as a server does and reports the reason for each refusal.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check every byte of a version, a model or a whole repository.",
        discussion: """
            Codes and statistics are compared with those the vectors give. Exits with 1 if any version is refused. \
            With --json: one object per version and line.
            """)

    @Argument(help: "A version's folder, a model's folder, or the folder of all models.")
    var directory: String
    @Flag(help: "Print one JSON object per version.")
    var json = false

    func run() throws {
        var isSound = true
        for folder in try VersionFolders(path: directory).folders {
            do {
                let loaded = try VersionLoader().load(
                    directory: folder.directory, expecting: folder.name, version: folder.version)
                try Self.checkStatistics(loaded)
                _ = try VersionCatalog.checked(loaded)
                report(folder, loaded, try VersionCatalog.unreadTables(of: loaded))
            } catch {
                isSound = false
                FailedVersion(folder: folder, reason: "\(error)").show("refused", json: json)
            }
        }
        if !isSound { throw ExitCode(1) }
    }

    /// Throws where the version's file of statistics has others than the vectors give. A server takes them as they are.
    private static func checkStatistics(_ loaded: LoadedVersion) throws(FileFailure) {
        guard loaded.statisticsBuilt == nil, let users = loaded.users, let codes = loaded.userCodes,
            let statistics = loaded.statistics
        else { return }
        try PopulationStatistics.check(statistics, against: users, codes: codes)
    }

    private func report(
        _ folder: VersionFolders.Folder, _ loaded: LoadedVersion, _ unread: [UnreadTable]
    ) {
        let shop = ShopContent(manifest: loaded.manifest, seen: loaded.seen?.summary)
        guard json else {
            let sizes = [loaded.items, loaded.users].compactMap { $0 }
                .map { "\($0.count.groupedDigits) \($0.side) x \($0.dimension)" }
            print("ok       \(folder.name) \(folder.version)  \(sizes.joined(separator: ", "))")
            for line in shop.lines { print("         \(VisibleText.line(line))") }
            for table in unread { print(VisibleText.line("note     \(table)")) }
            for side in [Side.items, .users] {
                guard let fault = loaded.codesBuilt[side] else { continue }
                print(
                    "note     codes of \(side) are made at every load: \(fault) "
                        + "(kindred pack --reindex writes them)")
            }
            if let reason = loaded.statisticsBuilt {
                print(
                    "note     statistics of users are made at every load: \(reason) "
                        + "(kindred pack --reindex writes them)")
            }
            return
        }
        let built = [Side.items, .users].compactMap { side in
            loaded.codesBuilt[side].map { JSONMember(side.description, .string($0.description)) }
        }
        let statistics = loaded.statisticsBuilt.map {
            [JSONMember("statistics_made_at_load", .string($0.description))]
        }
        print(
            JSONWriter.compact(
                .object(
                    [
                        JSONMember("model", .string(folder.name.description)),
                        JSONMember("version", .integer(folder.version)),
                        JSONMember("directory", .string(folder.directory)),
                        JSONMember("ok", .bool(true)),
                        JSONMember("fingerprint", .string(loaded.manifest.fingerprintText)),
                        JSONMember("codes_made_at_load", .object(built)), UnreadTable.json(unread),
                    ] + (statistics ?? []) + shop.members)))
    }
}
