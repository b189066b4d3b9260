import ArgumentParser
import Glibc
import KindredCatalog
import KindredDomain
import KindredPack
import KindredServer
import KindredSystem

/// `kindred pack`: packs vectors and ids into the next version of a model.
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
            with one id per line or a .npy of <u8 or <i8; a .safetensors file may have them inside. A heading in \
            line 1, such as item_id, is left out where there is one line more than vectors. The last line printed is \
            the new version's folder.

            Seen pairs are a .npz of scipy.sparse.save_npz (CSR; rows are users, columns are items, in the order of \
            their ids) or a text with a user's id, a tab or a comma, and an item's id on each line.

            --reindex makes no new version: it writes the int8 codes and the statistics of published ones where they \
            are missing, of another layout or damaged.
            """)

    @Option(help: "The folder of all models.")
    var models: String?
    @Option(help: "The model's name: \(ModelName.rule).", transform: ParsedValue.modelName("--name"))
    var name: ParsedValue<ModelName>?
    @Option(
        help: ArgumentHelp(
            "Bring codes and statistics of a version, a model or all models up to date.", valueName: "dir"))
    var reindex: String?
    @Option(help: "Vectors of the items.")
    var items: String?
    @Option(help: "Ids of the items, in the order of their vectors.")
    var itemIds: String?
    @Option(help: "Vectors of the users.")
    var users: String?
    @Option(help: "Ids of the users, in the order of their vectors.")
    var userIds: String?
    @Option(
        help: """
            An SQLite file with tables "items" and "users", keyed by "id", and tables of values as \
            "items_tags" with "id" and "value".
            """)
    var catalog: String?
    @Option(help: ArgumentHelp("Which items each user has seen: .npz or text.", valueName: "file"))
    var seen: String?
    @Option(
        help: ArgumentHelp(
            "The catalog's column of numbers that orders popular items. (default: the count of seen pairs)",
            valueName: "column"))
    var popularity: String?
    @Option(
        parsing: .unconditional, help: "The training's alpha, for folding in; with --lambda.",
        transform: NumberText.number(40))
    var alpha: Double?
    @Option(
        parsing: .unconditional, help: "The training's regularization, for folding in; with --alpha.",
        transform: NumberText.number(0.1))
    var lambda: Double?
    // Options have no defaults here, so that `--reindex` can reject each one that was given.
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
                ("--user-id-kind", userIdKind), ("--seen", seen), ("--popularity", popularity),
                ("--alpha", alpha), ("--lambda", lambda),
            ]
            if let other = others.first(where: { $0.1 != nil }) {
                throw ValidationError("\(other.0) with --reindex, which takes a folder and, at most, --json")
            }
            return
        }
        _ = try packer()
    }

    /// The packer for the options. Throws where one is missing or contradicts another.
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
        packer.seen = try seenFile()
        packer.popularityColumn = try popularityColumn()
        packer.foldIn = try foldIn()
        if let catalog {
            packer.catalog = { try CatalogWriter.copy(from: catalog, to: $0).columns }
        }
        return packer
    }

    /// The file of seen pairs, if it is given beside both sides.
    private func seenFile() throws -> String? {
        guard let seen else { return nil }
        guard items != nil else { throw ValidationError("--seen without --items") }
        guard users != nil else { throw ValidationError("--seen without --users") }
        return seen
    }

    /// The column for popularity, if it is given beside a catalog of items.
    private func popularityColumn() throws -> String? {
        guard let popularity else { return nil }
        guard items != nil else { throw ValidationError("--popularity without --items") }
        guard catalog != nil else {
            throw ValidationError(
                "--popularity \(popularity) without --catalog: it is a column of the items' table")
        }
        return popularity
    }

    /// The settings for folding in, if both are given and in range.
    private func foldIn() throws -> FoldInParameters? {
        switch (alpha, lambda) {
        case (nil, nil): return nil
        case (_, nil): throw ValidationError("--alpha without --lambda: folding in needs both")
        case (nil, _): throw ValidationError("--lambda without --alpha: folding in needs both")
        case (let alpha?, let lambda?):
            guard items != nil else { throw ValidationError("--alpha without --items") }
            do throws(FoldInParameterFailure) {
                return try FoldInParameters(alpha: alpha, lambda: lambda)
            } catch {
                throw ValidationError("--\(error)")
            }
        }
    }

    func run() throws {
        if let reindex { return try ReindexRunner(path: reindex, json: json).run() }
        var packer = try packer()
        var columns: [Side: CatalogColumns] = [:]
        var unread: [UnreadTable] = []
        packer.check = {
            columns = try VersionCatalog.checked($0, shownAs: catalog)
            unread = try VersionCatalog.unreadTables(of: $0, shownAs: catalog)
        }
        let report = try PackProgress.shown { show in
            packer.progress = show
            return try packer.run()
        }
        let summary = PackSummary(report: report, columns: columns, unreadTables: unread)
        if json {
            print(JSONWriter.compact(summary.json))
        } else {
            summary.lines.forEach { print($0) }
            print(report.directory)
        }
    }
}
