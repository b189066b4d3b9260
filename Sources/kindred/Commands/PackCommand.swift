import ArgumentParser
import Glibc
import KindredCatalog
import KindredDomain
import KindredModel
import KindredPack
import KindredServer
import KindredSystem
import KindredTerminal

/// `kindred pack`: vectors and ids become the next version of a model.
struct PackCommand: ParsableCommand {
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case auto
        case text
        case number

        var idKind: IDKind? {
            switch self {
            case .auto: nil
            case .text: .text
            case .number: .number
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "pack", abstract: "Make a new version of a model from vectors and ids.",
        discussion: """
            Vectors are .npy (<f4 or <f8, C order) or .safetensors (tensor "vectors", F32). Ids are a text file \
            with one id per line or a .npy of <u8 or <i8; a .safetensors file may have them inside. The last line \
            printed is the new version's folder.

            --reindex makes no new version: it writes the int8 codes of published ones where they are missing, of \
            another layout or damaged.
            """)

    @Option(help: "The folder of all models.")
    var models: String?
    @Option(help: "The model's name: \(ModelName.rule).", transform: ParsedValue.modelName("--name"))
    var name: ParsedValue<ModelName>?
    @Option(
        help: ArgumentHelp(
            "Bring the codes of a version, of a model or of all models up to date.", valueName: "dir"))
    var reindex: String?
    @Option(help: "Vectors of the items.")
    var items: String?
    @Option(help: "Ids of the items, in the order of their vectors.")
    var itemIds: String?
    @Option(help: "Vectors of the users.")
    var users: String?
    @Option(help: "Ids of the users, in the order of their vectors.")
    var userIds: String?
    @Option(help: "An SQLite file with tables \"items\" and \"users\", keyed by \"id\".")
    var catalog: String?
    // Nothing with a default: --reindex tells what was given from what was not.
    @Option(help: "How vectors compare. Under cosine they are stored with length 1. (default: dot)")
    var metric: SimilarityOption?
    @Option(help: "Which training all vectors come from.")
    var trainingId: String?
    @Option(help: "What item ids are; auto: numbers where all are plain decimals. (default: auto)")
    var itemIdKind: Kind?
    @Option(help: "What user ids are; auto: numbers where all are plain decimals. (default: auto)")
    var userIdKind: Kind?
    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if reindex != nil {
            let others: [(String, Any?)] = [
                ("--models", models), ("--name", name), ("--items", items), ("--item-ids", itemIds),
                ("--users", users), ("--user-ids", userIds), ("--catalog", catalog),
                ("--metric", metric), ("--training-id", trainingId), ("--item-id-kind", itemIdKind),
                ("--user-id-kind", userIdKind),
            ]
            if let other = others.first(where: { $0.1 != nil }) {
                throw ValidationError("\(other.0) with --reindex, which takes a folder and, at most, --json")
            }
            return
        }
        _ = try packer()
    }

    /// A pack of what was given; throws what is missing or does not go together.
    private func packer() throws -> Packer {
        guard let models else { throw ValidationError("--models is missing: the folder of all models") }
        guard let name else { throw ValidationError("--name is missing: the model's name") }
        let modelName = try name.value
        guard items != nil || users != nil else {
            throw ValidationError("nothing to pack: give --items, --users or both")
        }
        guard items != nil || itemIds == nil else { throw ValidationError("--item-ids without --items") }
        guard users != nil || userIds == nil else { throw ValidationError("--user-ids without --users") }
        var packer = Packer(root: models, name: modelName, metric: metric?.similarity ?? .dot)
        packer.items = items.map { PackInput(vectors: $0, ids: itemIds, idKind: itemIdKind?.idKind) }
        packer.users = users.map { PackInput(vectors: $0, ids: userIds, idKind: userIdKind?.idKind) }
        packer.trainingID = trainingId
        if let catalog {
            packer.catalog = { try CatalogWriter.copy(from: catalog, to: $0).columns }
        }
        return packer
    }

    func run() throws {
        if let reindex { return try ReindexRunner(path: reindex, json: json).run() }
        var packer = try packer()
        var columns: [Side: CatalogColumns] = [:]
        packer.check = { columns = try VersionCatalog.columns(of: $0, shownAs: catalog) }
        let report = try PackProgress.shown { show in
            packer.progress = show
            return try packer.run()
        }
        if json {
            print(JSONWriter.compact(Self.json(report, columns)))
        } else {
            Self.summary(report, columns).forEach { print($0) }
            print(report.directory)
        }
    }

    /// What a person wants to see: sizes, what the catalog covers, and what may be wrong.
    private static func summary(_ report: PackReport, _ columns: [Side: CatalogColumns]) -> [String] {
        let manifest = report.manifest
        var lines = ["model \(manifest.model)  version \(manifest.version)  \(manifest.metric)"]
        for side in [Side.items, .users] {
            guard let rows = manifest.rows(side) else { continue }
            var line =
                "\(side)  \(rows.count.groupedDigits) rows x \(manifest.dimension)  \(rows.idKind.name) ids"
            if let catalog = columns[side] {
                let matched = Int(rows.count) - catalog.rowsWithoutEntry
                line += "  \(matched.groupedDigits) in the catalog (\(catalog.columns.count) columns)"
            }
            lines.append(line)
            if let catalog = columns[side], catalog.rowsWithoutEntry > 0 {
                lines.append(
                    "note: \(catalog.rowsWithoutEntry.groupedDigits) \(side) have no catalog entry: "
                        + "their attributes are null")
            }
            if let catalog = columns[side], catalog.idsWithoutVector > 0 {
                lines.append(
                    "note: \(catalog.idsWithoutVector.groupedDigits) catalog entries of \(side) have no vector"
                )
            }
        }
        lines += warnings(report).map { "warning: \($0)" }
        return lines
    }

    /// What may be wrong with the version: also columns that clients cannot show.
    private static func warnings(_ report: PackReport) -> [String] {
        var warnings = report.warnings.map(\.description)
        for side in [Side.items, .users] {
            for name in report.manifest.rows(side)?.columns ?? [] where ResultNames.reserved.contains(name) {
                warnings.append(
                    "column '\(name)' of the catalog of \(side) has the name of a result's own member, so --json "
                        + "and the Python client refuse it: \(ResultNames.remedy)")
            }
        }
        return warnings
    }

    private static func json(_ report: PackReport, _ columns: [Side: CatalogColumns]) -> JSONValue {
        let manifest = report.manifest
        var members = [
            JSONMember("directory", .string(report.directory)),
            JSONMember("model", .string(manifest.model.description)),
            JSONMember("version", .integer(manifest.version)),
            JSONMember("fingerprint", .string(manifest.fingerprintText)),
            JSONMember("metric", .string(manifest.metric.description)),
            JSONMember("dimension", .integer(manifest.dimension)),
        ]
        for side in [Side.items, .users] {
            guard let rows = manifest.rows(side) else { continue }
            var inner = [
                JSONMember("rows", .integer(rows.count)), JSONMember("id_kind", .string(rows.idKind.name)),
                JSONMember("columns", .array(rows.columns.map(JSONValue.string))),
            ]
            if let catalog = columns[side] {
                inner.append(JSONMember("rows_without_catalog_entry", .integer(catalog.rowsWithoutEntry)))
                inner.append(JSONMember("catalog_ids_without_vector", .integer(catalog.idsWithoutVector)))
            }
            members.append(JSONMember(side.description, .object(inner)))
        }
        members.append(JSONMember("warnings", .array(warnings(report).map(JSONValue.string))))
        return .object(members)
    }
}
