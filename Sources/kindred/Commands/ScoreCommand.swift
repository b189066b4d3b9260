import ArgumentParser
import KindredClient
import KindredSystem
import KindredTerminal

/// `kindred score`: the scores of given items or users, in their order.
struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "The scores of given items or users, in their order.",
        discussion: """
            A candidate has no score where the model does not have it, and where it does not pass the filter. With \
            --json: one object per query and line, null for no score. Exits with 1 if a query failed.

            'kindred help recommend' says how lists of ids and filters are written.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions
    @OptionGroup var query: QueryOptions
    @Option(
        parsing: .unconditionalSingleValue, help: "The ids to score, \(IDListText.help).",
        transform: IDListText.option("--candidates"))
    var candidates: [ParsedValue<IDListText>] = []
    @Option(help: "Score items or users.")
    var over = SideOption.items
    @Option(help: "dot or cosine. Default: the model's metric, cosine between two of a kind.")
    var similarity: SimilarityOption?
    @OptionGroup var filter: FilterOptions
    @Option(help: "An unknown id: strict fails, skip leaves it out.")
    var unknown = UnknownOption.strict

    func validate() throws {
        try filter.checkSingle()
        guard !candidates.isEmpty else {
            throw ValidationError("--candidates: give the ids to score, such as --candidates 22423,22699")
        }
        try OptionValues.checkPresent([("--candidates", candidates.map(\.description))])
        try OptionValues.checkStandardInput(
            query.standardInputReaders
                + (try candidates.map { ("--candidates", try $0.value.isStandardInput) }))
        guard unknown != .fallback else {
            throw ValidationError("--unknown fallback: strict or skip, since the candidates are given")
        }
        if filter.filter.isEmpty, let first = filter.parameters.first {
            throw ValidationError("--param \(first.description): only with --where")
        }
    }

    func run() async throws {
        let source = try query.source
        try source.checkMembers(unknown: unknown)
        try filter.remark()
        let lists = try QueryLists(
            exclude: [], candidates: candidates.map { try $0.value }, side: over.side, column: query.column)
        var options = ScoreOptions()
        options.call = try model.call
        options.target = over.side
        options.similarity = similarity?.similarity
        options.filter = try filter.whole
        options.skipsUnknownIDs = unknown == .skip
        let isComplete = try await server.withSession(about: .query(options.call.model)) {
            try await score(source, lists, options, $0)
        }
        if !isComplete { throw ExitCode(1) }
    }

    /// Scores the candidates for each query. False where a query failed.
    private func score(
        _ source: QuerySource, _ lists: QueryLists, _ options: ScoreOptions, _ session: CommandSession
    ) async throws -> Bool {
        var lists = lists
        let queries = try await source.queries(session.models, options.call.model)
        try await lists.adapt(session.models, options.call.model)
        let ids = lists.candidates?.ids ?? []
        let printer = ScorePrinter(json: server.json, target: over.side, candidates: ids)
        var isComplete = true
        for (text, query) in queries {
            do throws(KindredError) {
                printer.show(text, try await session.client.score(query, candidates: ids, options: options))
            } catch {
                // A query of its own failed; other failures concern all of them.
                guard error.name == "UNKNOWN_ID", queries.count > 1 || server.json else { throw error }
                isComplete = false
                QueryFailureText.show(text, error, json: server.json)
            }
            await session.timeout.progress()
        }
        return isComplete
    }
}
