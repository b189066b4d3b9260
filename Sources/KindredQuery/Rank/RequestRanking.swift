import KindredDomain

/// The rank stage of one request with rules, in steps, from the rows that its scans found to the rows that are
/// returned.
///
/// Call `step` until it returns `.done`. Where it returns `.needsRows`, scan those queries over the same side and hand
/// the results to `take`. The rows returned do not depend on the budgets.
///
/// Queries of which nothing is known are answered with popular rows in their turn, since a row that they return may be
/// refused to later queries.
package struct RequestRanking {
    /// Queries that have to be scanned, in place of others of the request.
    package struct Fetch: Sendable {
        /// In the order of the request.
        package let queries: [PlannedQuery]
    }

    /// The rows of one query.
    package struct Ranked: Sendable {
        /// The rows of the window, in the order of the answer, with their boosted scores.
        package let rows: [RankingKey]
        /// Rows that could be in the answer: those of the plan, less those that earlier queries return.
        package let eligibleCount: Int
        /// Rows that are not eligible because earlier queries return them.
        package let takenCount: Int
        /// The cost of the further scans.
        package let counts: ScanCounts
    }

    package enum Progress: Sendable {
        case working
        case needsRows(Fetch)
        /// By query of the request; nil for one that has failed or has no rows.
        case done([Ranked?])
    }

    /// A query of the request.
    private enum Slot {
        /// The index of its plan.
        case planned(Int)
        case popular(PopularRanking)
        case none
    }

    private let stage: RankStage
    private let queries: [PlannedQuery]
    private let side: GenerationSide
    private let mode: ScanMode
    /// The rows that the scans have found for queries whose turn has not come.
    private var found: [TopRows?]
    /// Of the queries whose turn has come and not ended.
    private var rankings: [QueryRanking?]
    private var slots: [Slot]
    /// The slots whose queries wait for the results of the last fetch.
    private var fetched: [Int] = []
    /// Slots before this one have their rows, or wait for some.
    private var next = 0
    /// By slot.
    private var ranked: [Ranked?]
    /// Where queries are distinct, the rows that are returned so far.
    private var returned: ReturnedRows?
    /// The rows of the query before `next`, whose lost rows are being counted.
    private var counted: (rows: [RankingKey], eligibility: Eligibility, counts: ScanCounts)?

    /// Begins with the results of the scans of a plan's queries, one for each.
    package init(_ plan: RecommendPlan, found: some Collection<ScanResult>, mode: ScanMode = .auto) {
        var slots: [Slot] = []
        var plannedCount = 0
        for query in 0..<plan.queryCount {
            let index = query - plannedCount
            if index < plan.others.count, plan.others[index].query == query {
                if case .popular(let rows) = plan.others[index].kind, let order = plan.generation.popularity {
                    slots.append(.popular(PopularRanking(plan.rank, order, rows)))
                } else {
                    slots.append(.none)
                }
            } else {
                slots.append(.planned(plannedCount))
                plannedCount += 1
            }
        }
        self.init(plan.rank, slots, queries: plan.queries, found: found, over: plan.side, mode: mode)
    }

    /// Begins with the results of the scans of queries, one for each.
    package init(
        _ stage: RankStage, queries: [PlannedQuery], found: some Collection<ScanResult>,
        over side: GenerationSide, mode: ScanMode = .auto
    ) {
        let slots = queries.indices.map { Slot.planned($0) }
        self.init(stage, slots, queries: queries, found: found, over: side, mode: mode)
    }

    private init(
        _ stage: RankStage, _ slots: [Slot], queries: [PlannedQuery], found: some Collection<ScanResult>,
        over side: GenerationSide, mode: ScanMode
    ) {
        self.stage = stage
        self.slots = slots
        self.queries = queries
        self.side = side
        self.mode = mode
        self.found = found.map(\.best)
        rankings = Array(repeating: nil, count: queries.count)
        ranked = Array(repeating: nil, count: slots.count)
        returned =
            stage.isDistinct ? ReturnedRows(capacity: min(slots.count * stage.k, side.table.count)) : nil
    }

    /// Goes on until about `budget` rows were looked at.
    package mutating func step(budget: Int) -> Progress {
        var budget = budget
        slots: while next < slots.count {
            guard budget > 0 else { return .working }
            if counted != nil {
                guard finish(&budget) else { return .working }
                next += 1
                continue
            }
            switch slots[next] {
            case .none: break
            case .popular(var ranking):
                let isDone = ranking.step(&budget, returned: returned?.rows)
                slots[next] = .popular(ranking)
                guard isDone else { return .working }
                counted = (ranking.rows, ranking.eligibility, ScanCounts())
                continue
            case .planned(let index):
                // Taken out, so that its arrays have one owner while they grow.
                var ranking = rankings[index] ?? begin(index)
                rankings[index] = nil
                ranking.step(&budget, returned: returned?.rows)
                if let rows = ranking.result {
                    counted = (rows, queries[index].eligibility, ranking.scanCounts)
                    continue
                }
                let isFetching = ranking.isFetching
                rankings[index] = ranking
                if isFetching {
                    fetched.append(next)
                    // The rows of later queries depend on this one's.
                    if stage.isDistinct || fetched.count == Self.fetchedMax { break slots }
                } else {
                    continue
                }
            }
            next += 1
        }
        if !fetched.isEmpty { return .needsRows(nextFetch()) }
        return .done(ranked)
    }

    private mutating func begin(_ index: Int) -> QueryRanking {
        let rows = found[index]
        found[index] = nil
        return QueryRanking(stage, queries[index], found: rows, over: side, mode: mode)
    }

    /// Queries of one fetch: each holds a bit for each row of the side.
    private static let fetchedMax = 32

    /// Ends the query in the next slot, whose rows are known. False while its lost rows are being counted.
    private mutating func finish(_ budget: inout Int) -> Bool {
        guard let (rows, eligibility, counts) = counted else { return true }
        var lost = 0
        if stage.isDistinct {
            guard let count = returned?.count(among: eligibility, &budget) else { return false }
            lost = count
        }
        counted = nil
        // What the query needed is freed.
        slots[next] = .none
        ranked[next] = Ranked(
            rows: rows, eligibleCount: eligibility.count - lost, takenCount: lost, counts: counts)
        returned?.insert(rows)
        return true
    }

    /// The plan of the query in a slot that is fetched.
    private func plannedIndex(_ slot: Int) -> Int {
        guard case .planned(let index) = slots[slot] else {
            preconditionFailure("only planned queries are scanned")
        }
        return index
    }

    private mutating func nextFetch() -> Fetch {
        Fetch(queries: fetched.compactMap { rankings[plannedIndex($0)]?.nextQuery() })
    }

    /// Takes the results of the last fetch, one for each of its queries.
    package mutating func take(_ results: some Collection<ScanResult>) {
        for (slot, result) in zip(fetched, results) { rankings[plannedIndex(slot)]?.take(result) }
        // Without `isDistinct`, all queries were worked on, and those of the fetch are worked on again.
        next = fetched.first ?? next
        fetched = []
    }
}
