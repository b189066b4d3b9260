import Foundation
import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// What queries lose to earlier ones of a distinct request is counted in steps, once for each source.
@Suite struct DistinctCostTests {
    private static let rowCount = 8_000

    /// Rows on a circle. Each query is nearest to other rows.
    private func generation() throws -> Generation {
        let rows = (0..<Self.rowCount).map { Self.vector(Double($0) / Double(Self.rowCount)) }
        return try Generation.sample(items: rows, metric: .dot)
    }

    private static func vector(_ share: Double) -> [Float] {
        [Float(cos(2 * Double.pi * share)), Float(sin(2 * Double.pi * share))]
    }

    private struct Outcome {
        var ranked: [RequestRanking.Ranked?] = []
        var stepCount = 0
    }

    private func rank(
        count: Int, k: Int, budget: Int, over generation: Generation, _ eligibility: (Int) -> Eligibility
    ) throws -> Outcome {
        var generator = SeededGenerator.announced()
        let request = RecommendRequest(
            scope: QueryScope(
                queries: .vectors(
                    elements: (0..<count).flatMap { Self.vector(Double($0) / Double(count)) }, count: count),
                target: .items, similarity: .dot), k: UInt32(k))
        let planner = try RecommendPlanner(request: request, generation: generation)
        guard case .done(let plan) = try planner.step(idCount: 1_000_000) else { return Outcome() }
        let stage = try RankStage(k: k, offset: 0, caps: [], isDistinct: true)
        let queries = plan.queries.enumerated().map { index, query in
            PlannedQuery(
                ranking: query.ranking, fetchCount: stage.fetchCount(ofQuery: index),
                eligibility: eligibility(index))
        }
        func scan(_ queries: [PlannedQuery]) -> [ScanResult] {
            let batch = ScanBatch(generation: generation, target: plan.side, queries: queries)
            return runScan(batch, workerCount: 1, using: &generator)
        }
        var ranking = RequestRanking(stage, queries: queries, found: scan(queries), over: plan.side)
        var outcome = Outcome()
        while true {
            outcome.stepCount += 1
            switch ranking.step(budget: budget) {
            case .working: break
            case .needsRows(let fetch): ranking.take(scan(fetch.queries))
            case .done(let ranked):
                outcome.ranked = ranked
                return outcome
            }
        }
    }

    private func all() -> Eligibility { Eligibility(count: Self.rowCount) }

    /// Each returned row is looked at once, however many queries there are.
    @Test func queriesOfOneSourceShareTheCount() throws {
        let generation = try generation()
        // Each query judges at most 100 rows, and 4,000 are returned. Counted for each query, they are 400,000 looks.
        let outcome = try rank(count: 200, k: 20, budget: 30_000, over: generation) { _ in all() }
        #expect(outcome.stepCount == 1)
        for (index, ranked) in outcome.ranked.enumerated() { #expect(ranked?.takenCount == 20 * index) }
    }

    /// A source that comes late is compared with the returned rows in steps.
    @Test func manyReturnedRowsAreCountedInSteps() throws {
        let generation = try generation()
        let side = try #require(generation.items)
        let mask = RowMask(rows: (0..<7_000).map { UInt32($0) }, codes: side.codes)
        let outcome = try rank(count: 5, k: 1_000, budget: 50, over: generation) { index in
            index < 4 ? all() : Eligibility(source: .masked(mask), count: mask.count)
        }
        // 5,000 rows are judged, 3,000 are compared with all rows, and 4,000 with the mask.
        #expect(outcome.stepCount >= 12_000 / 50)
        let returned = outcome.ranked.prefix(4).flatMap { $0?.rows ?? [] }
        #expect(outcome.ranked[4]?.takenCount == returned.count { $0.row < 7_000 })
    }

    /// Sources, lists and exclusions of every kind, against a count of each query for itself.
    @Test(arguments: [1, 7, 100_000]) func lostRowsAreThoseOfThePlan(budget: Int) throws {
        var generator = SeededGenerator.announced()
        let generation = try generation()
        let side = try #require(generation.items)
        func list(_ count: Int) -> RowSet {
            let rows = RowSet(capacity: count)
            for _ in 0..<count {
                rows.insert(UInt32.random(in: 0..<UInt32(Self.rowCount), using: &generator))
            }
            return rows
        }
        let pairs = try SeenPairs(
            lists: (0..<4).map { user in list(user == 0 ? 5_000 : 300).rows.sorted() },
            itemCount: Self.rowCount)
        let shared = list(500)
        let mask = RowMask(rows: list(6_000).rows, codes: side.codes)
        let candidates = list(4_000)
        let eligibilities = (0..<40).map { index in
            var exclusions = Exclusions(shared: shared)
            if index % 3 == 1 { exclusions.own = list(200) }
            if index % 4 == 2 {
                exclusions.seen = SeenRows(pairs, ofUsers: .one(UInt32(index % 4)), codes: side.codes)
            }
            if index % 8 == 3 { exclusions.seen = SeenRows(pairs, ofUsers: [0, 1], codes: side.codes) }
            let source: Eligibility.Source =
                switch index % 5 {
                case 0, 1: .all
                case 2: .masked(mask)
                case 3: .masked(RowMask(rows: candidates.rows, codes: side.codes))
                default: .masked(RowMask(rows: list(5_000).rows, codes: side.codes))
                }
            return Eligibility(source: source, exclusions: exclusions, count: 8_000)
        }
        let outcome = try rank(count: 40, k: 25, budget: budget, over: generation) { eligibilities[$0] }
        var returned: Set<UInt32> = []
        for (index, ranked) in outcome.ranked.enumerated() {
            let eligible = eligibilities[index]
            let lost = returned.count { row in
                !eligible.exclusions.contains(row) && eligible.mask?.contains(row: row) ?? true
            }
            #expect(ranked?.takenCount == lost, "query \(index)")
            #expect(ranked?.eligibleCount == eligible.count - lost)
            returned.formUnion(ranked?.rows.map(\.row) ?? [])
        }
    }
}
