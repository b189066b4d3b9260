import ArgumentParser
import KindredClient
import KindredDomain
import KindredModel

/// `kindred recommend`: the best items, or users, for users, an item, a vector or a basket.
struct RecommendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recommend", abstract: "The best items for users, an item, vectors or a basket.",
        discussion: "With --json: one object per query and line. Exits with 1 if a query failed.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions
    @Option(
        parsing: .upToNextOption,
        help: "Users to recommend for. One that begins with a dash: --user=-5.")
    var user: [String] = []
    @Option(help: "A file with one user per line; - is standard input.")
    var users: String?
    @Option(parsing: .unconditional, help: "An item to find similar ones of.")
    var item: String?
    @Option(parsing: .unconditional, help: "A .npy file with one vector per row.")
    var vector: String?
    @Option(
        parsing: .unconditional, help: "Items with weights, as ID[:WEIGHT],...", transform: BasketText.option)
    var basket: ParsedValue<[BasketMember]>?
    @Option(name: .short, parsing: .unconditional, help: "Results per query.")
    var k = 10
    @Option(help: "Rank items or users.")
    var over = SideOption.items
    @Option(help: "dot or cosine. Default: the model's metric, cosine between two of a kind.")
    var similarity: SimilarityOption?
    @Option(parsing: .unconditional, help: "Ids that must not appear, separated by commas.")
    var exclude: String?
    @Option(parsing: .unconditional, help: "Only these ids may appear, separated by commas.")
    var candidates: String?
    @Option(parsing: .unconditional, help: "The least score, inclusive.")
    var minScore: Float?
    @Flag(help: "The item itself, or the basket's members, may appear.")
    var includeMembers = false
    @Option(help: "Catalog columns to show, separated by commas. Default: the first; with --json none.")
    var columns: String?

    func validate() throws {
        let kinds = [!user.isEmpty, users != nil, item != nil, vector != nil, basket != nil].count { $0 }
        guard kinds == 1 else {
            throw ValidationError("give one of --user, --users, --item, --vector and --basket, not \(kinds)")
        }
        try OptionValues.check(k: k)
        try OptionValues.checkPresent([
            ("--item", item), ("--vector", vector), ("--basket", basket?.description), ("--exclude", exclude),
            ("--candidates", candidates),
        ])
        if let minScore, !minScore.isFinite {
            throw ValidationError("--min-score \(minScore): a finite number")
        }
        _ = try basket?.value
        if let vector { try OptionValues.checkFile("--vector", vector, of: "one vector per row") }
    }

    func run() async throws {
        let queries = try queries()
        var options = RecommendOptions()
        options.call = try model.call
        options.target = over.side
        options.similarity = similarity?.similarity
        options.exclude = Self.ids(exclude)
        options.candidates = candidates.map(Self.ids)
        options.minimumScore = minScore
        options.includesMembers = includeMembers
        try await QueryRunner(server: server, options: options, columns: columns, k: k).run(queries)
    }

    private func queries() throws -> [(text: String, query: Query)] {
        if let item { return [(item, .item(ExternalID(item)))] }
        if let basket { return [(basket.description, .basket(try basket.value))] }
        if let vector {
            return try VectorFile.rows(of: vector).enumerated().map { ("vector \($0)", .vector($1)) }
        }
        let ids = try users.map { path in
            let lines = try CommandOutput.lines(of: path)
            guard !lines.isEmpty else { throw CommandFailure.empty(path) }
            return lines
        }
        return (ids ?? user).map { ($0, .user(ExternalID($0))) }
    }

    static func ids(_ list: String?) -> [ExternalID] {
        (list ?? "").split(separator: ",").map { ExternalID(String($0)) }
    }
}

/// `kindred similar`: items like an item, or users like a user.
struct SimilarCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "similar", abstract: "Items like an item, or users like a user.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions
    @Option(parsing: .unconditional, help: "The item.")
    var item: String?
    @Option(parsing: .unconditional, help: "The user.")
    var user: String?
    @Option(name: .short, parsing: .unconditional, help: "Results.")
    var k = 10
    @Option(help: "dot or cosine. Default: cosine.")
    var similarity: SimilarityOption?
    @Option(parsing: .unconditional, help: "Ids that must not appear, separated by commas.")
    var exclude: String?
    @Option(help: "Catalog columns to show, separated by commas. Default: the first; with --json none.")
    var columns: String?

    func validate() throws {
        guard (item == nil) != (user == nil) else { throw ValidationError("give one of --item and --user") }
        try OptionValues.check(k: k)
        try OptionValues.checkPresent([("--item", item), ("--user", user), ("--exclude", exclude)])
    }

    func run() async throws {
        var options = RecommendOptions()
        options.call = try model.call
        options.target = item == nil ? .users : .items
        options.similarity = similarity?.similarity
        options.exclude = RecommendCommand.ids(exclude)
        let id = item ?? user ?? ""
        let query: Query = item == nil ? .user(ExternalID(id)) : .item(ExternalID(id))
        try await QueryRunner(server: server, options: options, columns: columns, k: k).run([(id, query)])
    }
}
