import KindredDomain
import KindredModel

/// A plan's reply in the making: built piece by piece, so that a reply of many results holds up nobody.
/// An object, as its planner is.
package final class RecommendAnswer {
    private let plan: RecommendPlan
    private var best: [TopRows?]
    private let counts: [ScanCounts]
    private var slot = 0
    private var response: RecommendResponse

    /// `best` and `counts` have one element per planned query.
    package init(plan: RecommendPlan, best: [TopRows?], counts: [ScanCounts]) {
        self.plan = plan
        self.best = best
        self.counts = counts
        let table = plan.generation.side(plan.target)!.table
        response = RecommendResponse(
            origin: AnswerOrigin(model: plan.generation.name, version: plan.generation.version), outcomes: [],
            offsets: [0], ids: table.ids.ids(ofRows: []), scores: [],
            columns: plan.columns.map { $0.gather([]) })
        response.outcomes.reserveCapacity(plan.slots.count)
        response.offsets.reserveCapacity(plan.slots.count + 1)
    }

    /// Adds queries until about `resultCount` results were added. True once all are in.
    package func step(resultCount: Int) -> Bool {
        var budget = resultCount
        var rows: [UInt32] = []
        if slot == 0 {
            // Most replies are made in one step.
            let count = resultCountExpected(resultCount)
            rows.reserveCapacity(count)
            if plan.wantsScores { response.scores.reserveCapacity(count) }
        }
        let rowsBefore = response.offsets[response.offsets.count - 1]
        while slot < plan.slots.count, budget > 0 {
            switch plan.slots[slot] {
            case .failed(let failure): response.outcomes.append(QueryOutcome(failure: failure))
            case .planned(let index):
                response.outcomes.append(
                    QueryOutcome(
                        rowsEligible: UInt64(plan.queries[index].rowsEligible),
                        rowsScanned: UInt64(counts[index].rowsScanned)))
                for key in best[index]?.finish() ?? [] {
                    rows.append(key.row)
                    if plan.wantsScores { response.scores.append(key.score) }
                    budget -= 1
                }
                best[index] = nil
            }
            response.offsets.append(rowsBefore + UInt32(rows.count))
            slot += 1
            budget -= 16
        }
        response.ids.append(contentsOf: plan.generation.side(plan.target)!.table.ids.ids(ofRows: rows))
        for (index, column) in plan.columns.enumerated() {
            response.columns[index].append(contentsOf: column.gather(rows))
        }
        return slot == plan.slots.count
    }

    /// Results of the first step, at most `resultCount`: how much room they want at once.
    private func resultCountExpected(_ resultCount: Int) -> Int {
        var count = 0
        for slot in plan.slots where count < resultCount {
            if case .planned(let index) = slot {
                count += min(plan.queries[index].k, plan.queries[index].rowsEligible)
            }
        }
        return min(count, resultCount)
    }

    /// The finished reply; only after `step` said so.
    package func finish() -> RecommendResponse { response }
}
