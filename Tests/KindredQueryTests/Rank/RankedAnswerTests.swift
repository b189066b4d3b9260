import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// The answer to a request with rules has the rows of the rank stage, and counts the rows of all its scans.
@Suite struct RankedAnswerTests {
    @Test func theRowsOfTheRankStageAreTheAnswer() throws {
        var generator = SeededGenerator(seed: 1)
        // Scores descend, and nearly all rows are in one group.
        let rowCount = 600
        let rows = (0..<rowCount).map { [Float(rowCount - $0)] }
        let groups = (0..<rowCount).map { $0 % 200 == 199 ? UInt32($0) : 0 }
        let column = GroupColumn(
            offsets: (0...rowCount).map { UInt32($0) }, groups: groups, count: rowCount)
        let generation = try Generation.sample(items: rows, metric: .dot)
        let request = RecommendRequest(
            scope: QueryScope(
                queries: .vectors(elements: [1, 2], count: 2), target: .items, similarity: .dot),
            k: 3)
        let planner = try RecommendPlanner(request: request, generation: generation)
        guard case .done(let plan) = try planner.step(idCount: 100) else {
            Issue.record("the plan needs one step")
            return
        }
        func scan(_ plan: RecommendPlan) -> [ScanResult] {
            let batch = ScanBatch(generation: generation, target: plan.side, queries: plan.queries)
            return runScan(batch, workerCount: 1, using: &generator)
        }
        let found = scan(plan)
        let stage = try RankStage(k: 3, offset: 0, caps: [CapRule(column, most: 1)], isDistinct: true)
        var ranking = RequestRanking(stage, queries: plan.queries, found: found, over: plan.side)
        var ranked: [RequestRanking.Ranked?]?
        while ranked == nil {
            switch ranking.step(budget: 1_000) {
            case .working: break
            case .needsRows(let fetch):
                let further = plan.further(fetch)
                #expect(further.queries.count == fetch.queries.count && further.others.isEmpty)
                ranking.take(scan(further))
            case .done(let rows): ranked = rows
            }
        }
        var answer = RecommendAnswer(plan: plan, found: found[...], ranked: ranked)
        guard case .done(let response) = answer.step(resultCount: 100) else {
            Issue.record("the answer needs one step")
            return
        }
        // Ids are 3 x row. The second query has what the first one leaves.
        let wanted = [0, 199, 399, 1, 599]
        #expect(response.ids == .numbers(wanted.map { UInt64($0) * 3 }))
        #expect(response.offsets == [0, 3, 5])
        #expect(response.scores == [600, 401, 201, 1_198, 2])
        #expect(response.outcomes.map(\.rowsEligible) == [UInt64(rowCount), UInt64(rowCount - 3)])
        for (outcome, result) in zip(response.outcomes, found) {
            #expect(outcome.rowsScanned > UInt64(result.counts.rowsScanned), "further scans count")
        }
    }
}
