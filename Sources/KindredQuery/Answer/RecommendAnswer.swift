import KindredDomain
import KindredModel

/// Builds the reply of a plan in steps, so that a reply of many results does not hold up its event loop.
package struct RecommendAnswer {
    private let plan: RecommendPlan
    private let found: ArraySlice<ScanResult>
    /// By query, where the plan needs a rank stage.
    private let ranked: [RequestRanking.Ranked?]?
    /// Queries that are done, and how many of them have no plan.
    private var queriesDone = 0
    private var othersDone = 0
    /// The search for the items that the results of a query are near to, and the query's results before it.
    private var reasons: ReasonSearch?
    /// The rows of the planned queries whose reasons are not searched yet, with the queries' indices.
    private var rowsWithoutReasons: [(planned: Int?, rows: [UInt32])] = []
    private var response: RecommendResponse
    /// Results whose ids are not in the reply yet.
    private var rowsWithoutIDs: ArraySlice<UInt32> = []
    /// Results whose columns are not in the reply yet.
    private var rowsWithoutColumns: ArraySlice<UInt32> = []
    /// Bytes of the reply after the last step, in memory.
    package private(set) var byteCount = 0

    /// `found` has one element per planned query. `ranked` has one per query; a plan that needs a rank stage needs it.
    package init(
        plan: RecommendPlan, found: ArraySlice<ScanResult>, ranked: [RequestRanking.Ranked?]? = nil
    ) {
        self.plan = plan
        self.ranked = ranked
        self.found = found
        response = RecommendResponse(
            origin: AnswerOrigin(model: plan.generation.name, version: plan.generation.version), outcomes: [],
            offsets: [], ids: plan.side.table.ids.noIDs, scores: [],
            columns: plan.columns.map { $0.gather([]) })
        response.outcomes.reserveCapacity(plan.queryCount)
        response.offsets.reserveCapacity(plan.queryCount + 1)
        response.offsets.append(0)
        response.unknownIDs = plan.unknownCounts
        if plan.rank.isDistinct { response.rowsTaken = [] }
        if plan.ownItems != nil {
            response.because = BecauseList(ids: plan.generation.items?.table.ids.noIDs ?? .empty, found: [])
        }
    }

    /// Makes room for the results of a long answer, at most `byteCountMax` bytes, because arrays that grow are copied.
    package mutating func reserve(byteCountMax: Int) {
        let count = resultCountExpected(.max)
        response.scores.reserveCapacity(count)
        for (index, column) in plan.columns.enumerated() {
            response.columns[index].reserve(count: count, of: column, byteCountMax: byteCountMax)
        }
    }

    /// Adds about `resultCount` results, or the columns of as many results.
    package mutating func step(resultCount: Int) -> Step<RecommendResponse> {
        if !rowsWithoutReasons.isEmpty {
            findReasons(pairCount: resultCount * Self.pairsPerResult)
            countBytes()
            return .working
        }
        if !rowsWithoutIDs.isEmpty {
            addIDs()
        } else {
            if rowsWithoutColumns.isEmpty { addQueries(resultCount: resultCount) }
            if !rowsWithoutColumns.isEmpty { gatherColumns(resultCount: resultCount) }
        }
        countBytes()
        let isComplete = rowsWithoutReasons.isEmpty && rowsWithoutIDs.isEmpty && rowsWithoutColumns.isEmpty
        guard isComplete, queriesDone == plan.queryCount else { return .working }
        return .done(takeResponse())
    }

    private mutating func countBytes() {
        byteCount = response.ids.byteCount + response.scores.count * 4
        for column in response.columns { byteCount += column.byteCount }
        if let because = response.because { byteCount += because.ids.byteCount + because.found.count }
    }

    /// The response, without a copy.
    private mutating func takeResponse() -> RecommendResponse {
        var taken = RecommendResponse(
            origin: response.origin, outcomes: [], offsets: [], ids: .empty, scores: [], columns: [])
        swap(&taken, &response)
        return taken
    }

    /// Adds queries until about `resultCount` results were added.
    private mutating func addQueries(resultCount: Int) {
        var budget = resultCount
        var rows: [UInt32] = []
        if queriesDone == 0 {
            // Most replies are made in one step.
            let count = resultCountExpected(resultCount)
            rows.reserveCapacity(count)
            if plan.wantsScores { response.scores.reserveCapacity(count) }
        }
        let rowsBefore = response.offsets[response.offsets.count - 1]
        while queriesDone < plan.queryCount, budget > 0 {
            let countBefore = rows.count
            var planned: Int?
            if othersDone < plan.others.count, plan.others[othersDone].query == queriesDone {
                add(plan.others[othersDone], to: &rows)
                othersDone += 1
            } else {
                planned = queriesDone - othersDone
                add(queriesDone - othersDone, to: &rows)
            }
            budget -= rows.count - countBefore
            if plan.ownItems != nil { rowsWithoutReasons.append((planned, Array(rows[countBefore...]))) }
            response.rowsTaken?.append(UInt64(ranked?[queriesDone]?.takenCount ?? 0))
            response.offsets.append(rowsBefore + UInt32(rows.count))
            queriesDone += 1
            budget -= 16
        }
        if rows.count <= Self.idsPerStep {
            plan.side.table.ids.append(rows, to: &response.ids)
        } else {
            rowsWithoutIDs = rows[...]
            addIDs()
        }
        if !plan.columns.isEmpty { rowsWithoutColumns = rows[...] }
    }

    /// Ids that one step adds: as many as the results of several queries. One query may have more.
    private static let idsPerStep = 5_120

    /// Adds the next ids.
    private mutating func addIDs() {
        let rows = Array(rowsWithoutIDs.prefix(Self.idsPerStep))
        plan.side.table.ids.append(rows, to: &response.ids)
        rowsWithoutIDs.removeFirst(rows.count)
    }

    /// Adds the columns of the next `resultCount` results.
    private mutating func gatherColumns(resultCount: Int) {
        let rows = Array(rowsWithoutColumns.prefix(resultCount))
        rowsWithoutColumns.removeFirst(rows.count)
        for (index, column) in plan.columns.enumerated() {
            response.columns[index].append(contentsOf: column.gather(rows))
        }
    }

    /// Adds a query that was not scanned.
    private mutating func add(_ other: RecommendPlan.Other, to rows: inout [UInt32]) {
        switch other.kind {
        case .failure(let reason): response.outcomes.append(QueryOutcome(failure: reason))
        case .empty: response.outcomes.append(QueryOutcome(rowsEligible: 0, rowsScanned: 0))
        case .popular:
            let found = ranked?[queriesDone]
            var outcome = QueryOutcome(rowsEligible: UInt64(found?.eligibleCount ?? 0), rowsScanned: 0)
            outcome.isFallback = true
            response.outcomes.append(outcome)
            if let found { append(found, to: &rows) }
        }
    }

    /// Adds the result of a planned query.
    private mutating func add(_ index: Int, to rows: inout [UInt32]) {
        let result = found[found.startIndex + index]
        let further = ranked?[queriesDone]
        response.outcomes.append(
            QueryOutcome(
                rowsEligible: UInt64(further?.eligibleCount ?? plan.queries[index].eligibility.count),
                rowsScanned: UInt64(result.counts.rowsScanned + (further?.counts.rowsScanned ?? 0))))
        if let further { return append(further, to: &rows) }
        guard let best = result.best else { return }
        plan.rank.append(best, to: &rows, scores: &response.scores, wantsScores: plan.wantsScores)
    }

    private mutating func append(_ ranked: RequestRanking.Ranked, to rows: inout [UInt32]) {
        for key in ranked.rows { rows.append(key.row) }
        if plan.wantsScores { for key in ranked.rows { response.scores.append(key.score) } }
    }

    // MARK: Reasons

    /// Pairs of a result and an own item that take about as long as adding a result.
    private static let pairsPerResult = 4

    /// Goes on with the search for the items that results are near to, for about `pairCount` pairs.
    private mutating func findReasons(pairCount: Int) {
        let (planned, rows) = rowsWithoutReasons[0]
        guard let planned, let items = plan.generation.items, let own = plan.ownItems?[planned],
            own.count > 0,
            !rows.isEmpty, plan.target == .items
        else {
            response.because?.found += Array(repeating: false, count: rows.count)
            rowsWithoutReasons.removeFirst()
            return
        }
        var search =
            reasons ?? ReasonSearch(rows: rows, own: own, table: items.table, metric: plan.generation.metric)
        // With a second owner, each step would copy what was found.
        reasons = nil
        guard case .done(let found) = search.step(pairCount: pairCount) else {
            reasons = search
            return
        }
        rowsWithoutReasons.removeFirst()
        response.because?.found += Array(repeating: true, count: found.count)
        if var because = response.because {
            response.because = nil
            items.table.ids.append(found, to: &because.ids)
            response.because = because
        }
    }

    /// Expected results of the whole answer, at most `resultCount`: the room to make at once.
    private func resultCountExpected(_ resultCount: Int) -> Int {
        var count = 0
        for query in plan.queries where count < resultCount {
            count += min(plan.rank.k, query.eligibility.count)
        }
        return min(count, resultCount)
    }
}
