import ArgumentParser
import KindredClient
import KindredDomain

/// `kindred similar`: items like an item, or users like a user.
struct SimilarCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "similar", abstract: "Items like an item, or users like a user.",
        discussion: """
              kindred similar --item 22423 -k 5
            'kindred recommend --item 22423' is the same with filters and the other rules.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions
    @Option(
        parsing: .unconditionalSingleValue, help: "The item, or several, \(IDListText.help).",
        transform: IDListText.option("--item"))
    var item: [ParsedValue<IDListText>] = []
    @Option(
        parsing: .unconditionalSingleValue, help: "The user, or several, \(IDListText.help).",
        transform: IDListText.option("--user"))
    var user: [ParsedValue<IDListText>] = []
    @Option(
        name: .short, parsing: .unconditional, help: "Results, at most 10,000. (default: 10)",
        transform: NumberText.whole(10))
    var k = 10
    @Option(help: "dot or cosine. Default: cosine.")
    var similarity: SimilarityOption?
    @Option(
        parsing: .unconditionalSingleValue, help: "Ids that must not appear, \(IDListText.help).",
        transform: IDListText.option("--exclude"))
    var exclude: [ParsedValue<IDListText>] = []
    @Option(help: "The column of ids in files that have several: its heading, or its number from 1.")
    var column: String?
    @Option(help: "Catalog columns to show, separated by commas. Default: the first; with --json none.")
    var columns: [String] = []

    func validate() throws {
        guard item.isEmpty != user.isEmpty else {
            throw ValidationError(
                item.isEmpty
                    ? "give one of --item and --user, such as --item 22423" : "give one of --item and --user")
        }
        try OptionValues.check(k: k)
        try OptionValues.checkPresent([
            ("--item", item.map(\.description)), ("--user", user.map(\.description)),
            ("--exclude", exclude.map(\.description)),
        ])
        _ = try OptionValues.columns(columns, json: server.json)
        try OptionValues.checkStandardInput(
            [("--item", item), ("--user", user), ("--exclude", exclude)].flatMap { name, values in
                try values.map { (name, try $0.value.isStandardInput) }
            })
    }

    func run() async throws {
        let side: Side = item.isEmpty ? .users : .items
        let ids = try QuerySource.ids(
            item + user, option: item.isEmpty ? "--user" : "--item", side: side, column: column)
        var options = RecommendOptions()
        options.call = try model.call
        options.target = side
        options.similarity = similarity?.similarity
        let lists = try QueryLists(
            exclude: exclude.map { try $0.value }, candidates: [], side: side, column: column)
        let runner = QueryRunner(
            server: server, options: options, columns: try OptionValues.columns(columns, json: server.json),
            k: k, lists: lists)
        try await runner.run(side == .users ? .users(ids) : .items(ids))
    }
}
