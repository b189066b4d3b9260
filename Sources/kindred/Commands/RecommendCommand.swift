import ArgumentParser
import KindredClient

/// `kindred recommend`: the best items or users for given users, items, vectors, a basket, clicks or a blend.
struct RecommendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recommend",
        abstract: "The best items for users, items, vectors, a basket, clicks or a blend.",
        discussion: """
            With --json: one object per query and line. Exits with 1 if a query failed.

            Lists of ids are separated by commas; an id with a comma, or with spaces at its ends, stands in quotes \
            ('"a,b",c'). @FILE reads a list from a file, @- from standard input: one id per line, or a table (CSV) \
            with a column of them. @@a is the id @a. An option of a list may be given several times: its lists add up.

            --where once is a filter for all queries; given again, the first is that of the first query, and so on.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions
    @Option(
        parsing: .upToNextOption,
        help: "Users to recommend for, \(IDListText.help).",
        transform: IDListText.option("--user"))
    var user: [ParsedValue<IDListText>] = []
    @Option(help: "A file of users, as --user @FILE; - is standard input.")
    var users: [String] = []
    @Option(
        parsing: .unconditionalSingleValue,
        help: "Items to find similar items for, or with --over users the best users, \(IDListText.help).",
        transform: IDListText.option("--item"))
    var item: [ParsedValue<IDListText>] = []
    @Option(parsing: .unconditionalSingleValue, help: "A .npy file with one vector per row.")
    var vector: [String] = []
    @Option(
        parsing: .unconditionalSingleValue, help: "Items with weights, as ID[:WEIGHT],... or @FILE.",
        transform: IDListText.option("--basket"))
    var basket: [ParsedValue<IDListText>] = []
    @Option(
        parsing: .unconditionalSingleValue,
        help: "Items of a visitor without a vector, as ID[:WEIGHT],... or @FILE.",
        transform: IDListText.option("--clicks"))
    var clicks: [ParsedValue<IDListText>] = []
    @Option(
        parsing: .unconditionalSingleValue,
        help:
            "user=ID[:WEIGHT], item=ID[:WEIGHT] or vector=FILE[:WEIGHT]; given several times, one query of all.",
        transform: BlendText.option)
    var blend: [ParsedValue<BlendText>] = []
    @Option(
        name: .short, parsing: .unconditional, help: "Results per query. (default: 10)",
        transform: NumberText.whole(10))
    var k = 10
    @Option(help: "Rank items or users.")
    var over = SideOption.items
    @Option(help: "dot or cosine. Default: the model's metric, cosine between two of a kind.")
    var similarity: SimilarityOption?
    @Option(
        parsing: .unconditionalSingleValue, help: "Ids that must not appear, \(IDListText.help).",
        transform: IDListText.option("--exclude"))
    var exclude: [ParsedValue<IDListText>] = []
    @Option(
        parsing: .unconditionalSingleValue, help: "Only these ids may appear, \(IDListText.help).",
        transform: IDListText.option("--candidates"))
    var candidates: [ParsedValue<IDListText>] = []
    @Option(help: "The column of ids in files that have several: its heading, or its number from 1.")
    var column: String?
    @Option(parsing: .unconditional, help: "The least score, inclusive.", transform: NumberText.number(0.5))
    var minScore: Float?
    @Flag(help: "The item itself, or the basket's members, may appear.")
    var includeMembers = false
    @OptionGroup(title: "Rules") var rules: RuleOptions
    @Option(help: "Catalog columns to show, separated by commas. Default: the first; with --json none.")
    var columns: [String] = []

    func validate() throws {
        let kinds = [
            user.isEmpty, users.isEmpty, item.isEmpty, vector.isEmpty, basket.isEmpty, clicks.isEmpty,
            blend.isEmpty,
        ].count { !$0 }
        guard kinds == 1 else {
            throw ValidationError(
                "give one of --user, --users, --item, --vector, --basket, --clicks and --blend, not \(kinds)")
        }
        try OptionValues.check(k: k)
        guard vector.count <= 1 else {
            throw ValidationError(
                "--vector \(vector.joined(separator: " and ")): one file, not \(vector.count)")
        }
        try OptionValues.checkPresent([
            ("--item", item.map(\.description)), ("--vector", vector),
            ("--basket", basket.map(\.description)), ("--clicks", clicks.map(\.description)),
            ("--blend", blend.map(\.description)),
            ("--exclude", exclude.map(\.description)), ("--candidates", candidates.map(\.description)),
        ])
        if let minScore, !minScore.isFinite {
            throw ValidationError("--min-score \(minScore): a finite number")
        }
        if let vector = vector.first {
            try OptionValues.checkFile("--vector", vector, of: "one vector per row")
        }
        _ = try OptionValues.columns(columns, json: server.json)
        try OptionValues.checkStandardInput(
            users.map { ("--users", $0 == "-") }
                + [
                    ("--user", user), ("--item", item), ("--basket", basket), ("--clicks", clicks),
                    ("--exclude", exclude),
                    ("--candidates", candidates),
                ].flatMap { name, values in try values.map { (name, try $0.value.isStandardInput) } })
        // Baskets in files are checked when the command runs.
        for text in basket where !text.description.hasPrefix("@") {
            _ = try QuerySource.basket([text], option: "--basket", column: nil)
        }
        for text in clicks where !text.description.hasPrefix("@") {
            _ = try QuerySource.basket([text], option: "--clicks", column: nil)
        }
        for text in blend { _ = try text.value }
    }

    func run() async throws {
        let source = try source()
        var options = RecommendOptions()
        options.call = try model.call
        options.target = over.side
        options.similarity = similarity?.similarity
        options.minimumScore = minScore
        options.includesMembers = includeMembers
        options.rules = try rules.rules
        options.unknownIDs = rules.unknown.unknownIDs
        let lists = try QueryLists(
            exclude: exclude.map { try $0.value }, candidates: candidates.map { try $0.value },
            side: over.side,
            column: column)
        let runner = QueryRunner(
            server: server, options: options, columns: try OptionValues.columns(columns, json: server.json),
            k: k, lists: lists)
        try await runner.run(source)
    }

    private func source() throws -> QuerySource {
        if !item.isEmpty {
            return .items(try QuerySource.ids(item, option: "--item", side: .items, column: column))
        }
        if !basket.isEmpty { return try QuerySource.basket(basket, option: "--basket", column: column) }
        if !clicks.isEmpty { return try QuerySource.basket(clicks, option: "--clicks", column: column) }
        if !blend.isEmpty { return .blend(try blend.map { try $0.value }) }
        if let vector = vector.first { return .vectors(path: vector) }
        guard !users.isEmpty else {
            return .users(try QuerySource.ids(user, option: "--user", side: .users, column: column))
        }
        let given = try IDFile.read(users, option: "--users", side: .users, column: column)
        guard !given.ids.isEmpty else { throw CommandFailure.empty(given.name) }
        return .users(given)
    }
}
