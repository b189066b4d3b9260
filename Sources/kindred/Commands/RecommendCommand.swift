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

            The rules apply in this order: --where, --boost, --min-score, --cap, --diversity, --offset. Filters are \
            expressions in SQLite's language over the model's catalog ('kindred models' lists the columns, 'kindred \
            filter' counts the rows that pass):
              kindred recommend --user 17850 -k 10 --exclude-seen --where "price < :most AND 'gift' IN tags" \
            --param most=5 --boost "*1.5:'winter' IN season" --cap country=2 --diversity 0.3 --offset 10
            --where once is a filter for all queries; given again, the first is that of the first query, and so on.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions
    @OptionGroup var query: QueryOptions
    @Option(
        name: .short, parsing: .unconditional,
        help: "Results per query; with --offset at most 10,000. (default: 10)",
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
    @Option(parsing: .unconditional, help: "The least score, inclusive.", transform: NumberText.number(0.5))
    var minScore: Float?
    @Flag(help: "The item itself, or the basket's members, may appear.")
    var includeMembers = false
    @OptionGroup var rules: RuleOptions
    @Option(help: "Catalog columns to show, separated by commas. Default: the first; with --json none.")
    var columns: [String] = []

    func validate() throws {
        try OptionValues.check(k: k)
        try OptionValues.checkPresent([
            ("--exclude", exclude.map(\.description)), ("--candidates", candidates.map(\.description)),
        ])
        if let minScore, !minScore.isFinite {
            throw ValidationError("--min-score \(minScore): a finite number")
        }
        _ = try shownColumns
        try OptionValues.checkStandardInput(
            query.standardInputReaders
                + [("--exclude", exclude), ("--candidates", candidates)].flatMap { name, values in
                    try values.map { (name, try $0.value.isStandardInput) }
                })
    }

    /// The columns to show. Results have further members in JSON where the rules ask for them.
    private var shownColumns: [String]? {
        get throws(ValidationError) {
            let others = (rules.because ? ["because"] : []) + (rules.unknown == .fallback ? ["origin"] : [])
            return try OptionValues.columns(columns, json: server.json, others: others)
        }
    }

    func run() async throws {
        let source = try query.source
        try source.checkMembers(unknown: rules.unknown)
        try rules.filter.remark()
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
            column: query.column)
        let runner = QueryRunner(
            server: server, options: options, columns: try shownColumns,
            k: k, lists: lists)
        try await runner.run(source)
    }
}
