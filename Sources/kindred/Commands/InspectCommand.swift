import ArgumentParser
import KindredDomain
import KindredModel
import KindredServer
import KindredSystem
import KindredTerminal

/// `kindred inspect`: shows the contents of versions.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what a version holds.",
        discussion: "Loads the version with every check. Of a model or a repository it shows every version.")

    /// Number of ids shown for each side.
    private static let idsShown = 5

    @Argument(help: "A version's folder, a model's folder, or the folder of all models.")
    var directory: String
    @Flag(help: "Print one JSON object per version.")
    var json = false

    func run() throws {
        for (index, folder) in try VersionFolders(path: directory).folders.enumerated() {
            let loaded = try VersionLoader().load(
                directory: folder.directory, expecting: folder.name, version: folder.version)
            let columns = try VersionCatalog.columns(of: loaded)
            let sides = [loaded.items, loaded.users].compactMap { $0 }.map {
                SideContent(
                    table: $0, columns: columns[$0.side], codes: loaded.codes($0.side),
                    codesBuilt: loaded.codesBuilt[$0.side], idsShown: Self.idsShown)
            }
            let shop = ShopContent(manifest: loaded.manifest, seen: loaded.seen?.summary)
            if json {
                let content = sides.map { JSONMember($0.table.side.description, $0.json) } + shop.members
                print(
                    JSONWriter.compact(
                        .object([
                            JSONMember("directory", .string(loaded.directory)),
                            JSONMember("manifest", loaded.manifest.json),
                            JSONMember("content", .object(content)),
                        ])))
            } else {
                if index > 0 { print("") }
                let lines =
                    Self.lines(loaded.manifest, directory: loaded.directory) + sides.flatMap(\.lines)
                    + shop.lines
                lines.forEach { print(VisibleText.line($0)) }
            }
        }
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
