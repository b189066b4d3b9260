import KindredDomain

/// The rank stage of one request with rules, in steps, from the rows that its scans found to the rows that are
/// returned.
///
/// Call `step` until it returns `.done`. Where it returns `.needsRows`, scan those queries over the same side and hand
/// the results to `take`. The rows returned do not depend on the budgets.
package struct RequestRanking {
    /// Queries that have to be scanned, in place of others of the request.
    package struct Fetch: Sendable {
        /// Numbers among the request's planned queries, ascending.
        package let indices: [Int]
        package let queries: [PlannedQuery]
    }

    /// The rows of one query.
    package struct Ranked: Sendable {
        /// The rows of the window, in the order of the answer, with their boosted scores.
        package let rows: [RankingKey]
        /// Rows that could be in the answer: those of the plan, less those that earlier queries return.
        package let eligibleCount: Int
        /// The cost of the further scans.
        package let counts: ScanCounts
    }

    package enum Progress: Sendable {
        case working
        case needsRows(Fetch)
        /// By query.
        case done([Ranked])
    }

    private let stage: RankStage
    private let queries: [PlannedQuery]
    private let side: GenerationSide
    private let mode: ScanMode
    private var rankings: [QueryRanking]
    /// The queries that wait for the results of the last fetch.
    private var fetched: [Int] = []
    /// Queries before this one have their rows, or wait for some.
    private var next = 0
    private var ranked: [Ranked?]
    /// Where queries are distinct, the rows that are returned so far.
    private let returned: RowSet?

    /// Begins with the results of the scans of a request's planned queries, one for each.
    package init(
        _ stage: RankStage, queries: [PlannedQuery], found: some Collection<ScanResult>,
        over side: GenerationSide, mode: ScanMode = .auto
    ) {
        self.stage = stage
        self.queries = queries
        self.side = side
        self.mode = mode
        rankings = zip(queries, found).map { QueryRanking(stage, $0, found: $1.best, over: side) }
        ranked = Array(repeating: nil, count: queries.count)
        returned =
            stage.isDistinct
            ? RowSet(capacity: queries.reduce(0) { $0 + min(stage.k, $1.eligibility.count) }) : nil
    }

    /// Goes on until about `budget` rows were looked at.
    package mutating func step(budget: Int) -> Progress {
        var budget = budget
        while next < queries.count {
            guard budget > 0 else { return .working }
            rankings[next].step(&budget, returned: returned)
            if let rows = rankings[next].result {
                finish(next, rows, &budget)
                next += 1
            } else if rankings[next].isFetching {
                fetched.append(next)
                // The rows of later queries depend on this one's.
                if stage.isDistinct || fetched.count == Self.fetchedMax { break }
                next += 1
            }
        }
        if !fetched.isEmpty { return .needsRows(nextFetch()) }
        return .done(ranked.compactMap { $0 })
    }

    /// Queries of one fetch: each holds a bit for each row of the side.
    private static let fetchedMax = 32

    private mutating func finish(_ index: Int, _ rows: [RankingKey], _ budget: inout Int) {
        guard ranked[index] == nil else { return }
        budget -= returned?.count ?? 0
        let eligibility = queries[index].eligibility
        let lost = returned?.rows.count { eligibility.permits(listed: $0) } ?? 0
        ranked[index] = Ranked(
            rows: rows, eligibleCount: eligibility.count - lost, counts: rankings[index].scanCounts)
        for key in rows { returned?.insert(key.row) }
    }

    private mutating func nextFetch() -> Fetch {
        Fetch(indices: fetched, queries: fetched.map { rankings[$0].nextQuery(mode) })
    }

    /// Takes the results of the last fetch, one for each of its queries.
    package mutating func take(_ results: some Collection<ScanResult>) {
        for (index, result) in zip(fetched, results) { rankings[index].take(result) }
        // Without `isDistinct`, all queries were worked on, and those of the fetch are worked on again.
        next = fetched.first ?? next
        fetched = []
    }
}
