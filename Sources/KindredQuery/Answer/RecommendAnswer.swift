import KindredDomain
import KindredModel

/// Builds the reply of a plan in steps, so that a reply of many results does not hold up its event loop.
package struct RecommendAnswer {
    private let plan: RecommendPlan
    private let found: ArraySlice<ScanResult>
    /// By planned query, where the request has rules.
    private let ranked: [RequestRanking.Ranked]?
    /// Queries that are done, and how many of them have no plan.
    private var queriesDone = 0
    private var failuresDone = 0
    private var response: RecommendResponse
    /// Results whose columns are not in the reply yet.
    private var rowsWithoutColumns: ArraySlice<UInt32> = []
    /// Bytes of the reply after the last step, in memory.
    package private(set) var byteCount = 0

    /// `found` has one element per planned query, and so has `ranked`, which a request with rules needs.
    package init(
        plan: RecommendPlan, found: ArraySlice<ScanResult>, ranked: [RequestRanking.Ranked]? = nil
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
        if rowsWithoutColumns.isEmpty { addQueries(resultCount: resultCount) }
        if !rowsWithoutColumns.isEmpty { gatherColumns(resultCount: resultCount) }
        byteCount =
            response.ids.byteCount + response.scores.count * 4
            + response.columns.reduce(0) { $0 + $1.byteCount }
        guard rowsWithoutColumns.isEmpty, queriesDone == plan.queryCount else { return .working }
        return .done(takeResponse())
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
            if failuresDone < plan.failures.count, plan.failures[failuresDone].query == queriesDone {
                response.outcomes.append(QueryOutcome(failure: plan.failures[failuresDone].reason))
                failuresDone += 1
            } else {
                let countBefore = rows.count
                add(queriesDone - failuresDone, to: &rows)
                budget -= rows.count - countBefore
            }
            response.offsets.append(rowsBefore + UInt32(rows.count))
            queriesDone += 1
            budget -= 16
        }
        plan.side.table.ids.append(rows, to: &response.ids)
        if !plan.columns.isEmpty { rowsWithoutColumns = rows[...] }
    }

    /// Adds the columns of the next `resultCount` results.
    private mutating func gatherColumns(resultCount: Int) {
        let rows = Array(rowsWithoutColumns.prefix(resultCount))
        rowsWithoutColumns.removeFirst(rows.count)
        for (index, column) in plan.columns.enumerated() {
            response.columns[index].append(contentsOf: column.gather(rows))
        }
    }

    /// Adds the result of a planned query.
    private mutating func add(_ index: Int, to rows: inout [UInt32]) {
        let result = found[found.startIndex + index]
        response.outcomes.append(
            QueryOutcome(
                rowsEligible: UInt64(ranked?[index].eligibleCount ?? plan.queries[index].eligibility.count),
                rowsScanned: UInt64(
                    result.counts.rowsScanned + (ranked?[index].counts.rowsScanned ?? 0))))
        if let ranked {
            rows += ranked[index].rows.map(\.row)
            if plan.wantsScores { response.scores += ranked[index].rows.map(\.score) }
            return
        }
        guard let best = result.best else { return }
        plan.rank.append(best, to: &rows, scores: &response.scores, wantsScores: plan.wantsScores)
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
