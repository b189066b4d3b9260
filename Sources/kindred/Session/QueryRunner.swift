import ArgumentParser
import KindredClient
import KindredDomain

/// Sends queries in batches and prints their answers in order.
struct QueryRunner {
    let server: ServerOptions
    var options: RecommendOptions
    /// Catalog columns to show. Nil: the first one as text, none as JSON.
    let columns: [String]?
    let k: Int
    let lists: QueryLists

    /// Fewer queries than the protocol allows, so that the request has room for long lists and vectors.
    private static let queriesPerRequest = 500

    private var batchSize: Int {
        // Queries without a row in common, or with filters of their own, are one request. The server refuses one that
        // is too large: parts of it would have rows in common.
        if options.rules.isDistinct || !options.rules.queryFilters.isEmpty { return .max }
        return min(Self.queriesPerRequest, max(1, Int(Limits.standard.resultsPerRequestMax) / k))
    }

    func run(_ source: QuerySource) async throws {
        try checkFilters(of: source)
        let isComplete = try await server.withSession(about: .query(options.call.model)) { session in
            try await run(source, session)
        }
        if !isComplete { throw ExitCode(1) }
    }

    /// Throws unless there is one filter for all queries, or one for each, or none.
    private func checkFilters(of source: QuerySource) throws(ValidationError) {
        let count = options.rules.queryFilters.count
        guard count > 0, let queryCount = source.queryCount, count != queryCount else { return }
        throw ValidationError(
            queryCount == 1
                ? "--where is given \(count) times for 1 query: join the filters with AND"
                : "--where is given \(count) times for \(queryCount) queries: once, or once for each")
    }

    private func run(_ source: QuerySource, _ session: CommandSession) async throws -> Bool {
        var (options, lists) = (options, lists)
        let queries = try await source.queries(session.models, options.call.model)
        try await lists.adapt(session.models, options.call.model)
        options.exclude = lists.exclude?.ids ?? []
        options.candidates = lists.candidates?.ids
        options.columns = try await chosenColumns(session)
        noteChangingPool()
        var report: UnknownIDReport?
        var isComplete = true
        var rest = queries[...]
        while !rest.isEmpty {
            let batch = rest.prefix(batchSize)
            rest = rest.dropFirst(batchSize)
            let answers = try await send(batch.map(\.query), session, options, lists)
            await session.timeout.progress()
            if report == nil {
                report = await unknownIDs(lists, session, options, answers)
                report?.report(json: server.json)
            }
            let printer = QueryPrinter(
                json: server.json, k: k, options: options, listMembers: report?.members ?? [])
            let best = await bestBelow(batch.map(\.query), answers, session, options)
            for (index, (query, answer)) in zip(batch, answers).enumerated() {
                switch answer {
                case .success(let found): printer.show(query.text, query.query, found, best: best[index])
                case .failure(let error):
                    isComplete = false
                    QueryFailureText.show(query.text, error, json: server.json)
                }
            }
        }
        return isComplete
    }

    /// Pages of one list have one pool, which the default is not.
    private func noteChangingPool() {
        guard let diversity = options.rules.diversity, diversity.weight > 0, diversity.pool == nil,
            options.rules.offset > 0
        else { return }
        CommandOutput.note(
            "without --pool, --diversity makes another list for each --offset; give all pages one --pool, such as "
                + "--pool \(Limits.standard.poolMax)")
    }

    private func send(
        _ queries: [Query], _ session: CommandSession, _ options: RecommendOptions, _ lists: QueryLists
    ) async throws(KindredError) -> [Result<Recommendations, KindredError>] {
        do throws(KindredError) {
            return try await session.client.recommendBatch(queries, k: k, options: options)
        } catch {
            // The whole request fails where no candidate is known. The report names the unknown ids, the error only the
            // first.
            if error.name == "UNKNOWN_ID" {
                await unknownIDs(lists, session, options, [])?.report(json: server.json)
            }
            throw error
        }
    }

    /// Asks which ids of the lists are unknown to the version that answered.
    private func unknownIDs(
        _ lists: QueryLists, _ session: CommandSession, _ options: RecommendOptions,
        _ answers: [Result<Recommendations, KindredError>]
    ) async -> UnknownIDReport? {
        var call = options.call
        if let answer = answers.lazy.compactMap({ try? $0.get() }).first { call.version = answer.version }
        return await UnknownIDReport(lists, session, call, target: options.target)
    }

    /// For each query without a result above the minimum score, its best result below, by index.
    private func bestBelow(
        _ queries: [Query], _ answers: [Result<Recommendations, KindredError>], _ session: CommandSession,
        _ options: RecommendOptions
    ) async -> [Int: BestBelowMinimum] {
        guard let least = options.minimumScore, !server.json else { return [:] }
        let empty = answers.indices.filter { index in
            guard case .success(let answer) = answers[index] else { return false }
            return answer.results.isEmpty && answer.eligible > 0
        }
        guard let first = empty.first, let version = try? answers[first].get().version else { return [:] }
        var options = options
        options.call.version = version
        options.minimumScore = nil
        options.columns = []
        options.rules.offset = 0
        if !options.rules.queryFilters.isEmpty {
            options.rules.queryFilters = empty.map { options.rules.queryFilters[$0] }
        }
        let found = try? await session.client.recommendBatch(
            empty.map { queries[$0] }, k: 1, options: options)
        await session.timeout.progress()
        var best: [Int: BestBelowMinimum] = [:]
        for (index, answer) in zip(empty, found ?? []) {
            guard let result = try? answer.get().results.first, result.score < least else { continue }
            best[index] = BestBelowMinimum(least: least, id: result.id, score: result.score)
        }
        return best
    }

    private func chosenColumns(_ session: CommandSession) async throws -> [String] {
        if let columns {
            try await checkColumns(columns, session)
            return columns
        }
        if server.json { return [] }
        let model = try await session.models.model(options.call.model)
        let names = options.target == .items ? model?.itemColumns : model?.userColumns
        return Array((names ?? []).prefix(1))
    }
}

extension QueryRunner {
    /// Throws for a column that the catalog does not have and that says what a result has without it.
    private func checkColumns(_ columns: [String], _ session: CommandSession) async throws {
        let meant = columns.filter { OptionValues.meaning(ofColumn: $0) != nil }
        guard !meant.isEmpty, let model = try await session.models.model(options.call.model) else { return }
        let known = options.target == .items ? model.itemColumns : model.userColumns
        guard let name = meant.first(where: { !known.contains($0) }) else { return }
        throw ValidationError(
            "--columns \(name): no column of the catalog; \(OptionValues.meaning(ofColumn: name) ?? "")")
    }
}

/// The best result where none reaches the minimum score.
struct BestBelowMinimum {
    let least: Float
    let id: ExternalID
    let score: Float
}
