import ArgumentParser
import KindredCatalog
import KindredDomain
import KindredModel
import KindredServer
import KindredSystem
import KindredTerminal

/// `kindred inspect`: shows the contents of versions.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what a version holds.",
        discussion: """
            Loads the version with every check. Of a model or a repository it shows every version. Exits with 1 if any \
            version is refused; the others are shown.
            """)

    /// Number of ids shown for each side.
    private static let idsShown = 5

    @Argument(help: "A version's folder, a model's folder, or the folder of all models.")
    var directory: String
    @Flag(help: "Print one JSON object per version.")
    var json = false

    func run() throws {
        var isSound = true
        for (index, folder) in try VersionFolders(path: directory).folders.enumerated() {
            if index > 0, !json { print("") }
            do {
                let loaded = try VersionLoader().load(
                    directory: folder.directory, expecting: folder.name, version: folder.version)
                show(
                    loaded, try VersionCatalog.columns(of: loaded),
                    try VersionCatalog.unreadTables(of: loaded))
            } catch {
                isSound = false
                FailedVersion(folder: folder, reason: "\(error)").show("refused", json: json)
            }
        }
        if !isSound { throw ExitCode(1) }
    }

    private func show(
        _ loaded: LoadedVersion, _ columns: [Side: CatalogColumns], _ unread: [UnreadTable]
    ) {
        let sides = [loaded.items, loaded.users].compactMap { $0 }.map {
            SideContent(
                table: $0, columns: columns[$0.side], codes: loaded.codes($0.side),
                codesBuilt: loaded.codesBuilt[$0.side],
                statistics: $0.side == .users ? loaded.statistics : nil,
                statisticsBuilt: loaded.statisticsBuilt, idsShown: Self.idsShown)
        }
        let shop = ShopContent(manifest: loaded.manifest, seen: loaded.seen?.summary)
        guard json else {
            let lines =
                Self.lines(loaded.manifest, directory: loaded.directory) + sides.flatMap(\.lines)
                + unread.map { "note         \($0)" } + shop.lines
            lines.forEach { print(VisibleText.line($0)) }
            return
        }
        let content =
            sides.map { JSONMember($0.table.side.description, $0.json) }
            + [UnreadTable.json(unread)] + shop.members
        print(
            JSONWriter.compact(
                .object([
                    JSONMember("directory", .string(loaded.directory)),
                    JSONMember("manifest", loaded.manifest.json),
                    JSONMember("content", .object(content)),
                ])))
    }

    private static func lines(_ manifest: Manifest, directory: String) -> [String] {
        var lines = [
            "model        \(manifest.model)  version \(manifest.version)",
            "folder       \(directory)",
            "created      \(manifest.created)",
            "metric       \(manifest.metric)",
            "dimension    \(manifest.dimension)",
            "fingerprint  \(manifest.fingerprintText)",
            "training     \(manifest.trainingID ?? "unknown")",
        ]
        lines += manifest.files.map {
            "file         \($0.name)  \($0.byteCount.groupedDigits) bytes  CRC32C \(HexText.encode($0.crc32c))"
        }
        return lines
    }
}
