import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Boosts, caps, diversity, windows and distinct queries give the oracle's answer to the bit, by every path and scan
/// kernel of this machine, with any number of workers and budgets.
@Suite struct RulesPropertyTests {
    /// Queries of the run; more in an optimised build.
    private static let caseCount = isOptimised ? 20_000 : 800

    /// What the run has met, so that it cannot pass without.
    private struct Met {
        var cases = 0
        var fetches = 0
        var refused = 0
        var listed = 0
    }

    @Test func everyAnswerEqualsTheOracle() throws {
        var generator = SeededGenerator.announced()
        var met = Met()
        while met.cases < Self.caseCount {
            for kernel in ScanKernel.available { try checkOneRequest(kernel, &met, &generator) }
        }
        print("\(met)")
        #expect(met.fetches > 0 && met.refused > 0 && met.listed > 0)
    }

    private func checkOneRequest(
        _ kernel: ScanKernel, _ met: inout Met, _ generator: inout SeededGenerator
    ) throws {
        // Small integers make ties, and one of two tables has nothing else.
        let shape =
            Bool.random(using: &generator)
            ? .integers : VectorShape.allCases.randomElement(using: &generator)!
        let dimension = [1, 2, 3, 8, 33].randomElement(using: &generator)!
        let rowCount = [1, 5, 40, 300, 300, 2_000].randomElement(using: &generator)!
        let rows = shape.rows(count: rowCount, dimension: dimension, using: &generator)
        let generation = try Generation.sample(items: rows, metric: .dot)
        let side = generation.items!
        let oracle = Oracle(rows: rows)
        let isDistinct = Int.random(in: 0..<3, using: &generator) == 0
        let rules = try RulesCase(rows, oracle, over: side, isDistinct: isDistinct, using: &generator)
        var cases: [QueryCase] = []
        var queries: [PlannedQuery] = []
        // Sometimes more queries than one fetch takes.
        let queryCountMax = Int.random(in: 0..<30, using: &generator) == 0 ? 200 : 6
        for _ in 0..<Int.random(in: 1...queryCountMax, using: &generator) {
            let query = QueryCase(rows: rows, shape: shape, oracle: oracle, using: &generator)
            if let planned = rules.planned(query.planned(over: side), number: queries.count) {
                cases.append(query)
                queries.append(planned)
                if planned.boosts?.listed != nil { met.listed += 1 }
            } else {
                met.refused += 1
            }
        }
        if queries.isEmpty { return }
        let ranked = rank(queries, rules.stage, generation, kernel, &met, &generator)
        var returned: Set<Int> = []
        for (index, query) in cases.enumerated() {
            let isEligible = { (row: Int) in query.isEligible(row) && !(isDistinct && returned.contains(row))
            }
            let wanted = rules.oracle.answer(
                query.vector, similarity: query.similarity, minimumScore: query.minimumScore,
                isEligible: isEligible)
            let eligibleCount = rows.indices.count { isEligible($0) }
            returned.formUnion(wanted.map(\.row))
            let found = ranked[index].rows
            for row in wanted { #expect(row.score.isFinite) }
            let isEqual =
                found.map { Int($0.row) } == wanted.map(\.row)
                && found.map(\.score.bitPattern) == wanted.map(\.score.bitPattern)
            let setting = "seed \(generator.seed), \(kernel.name): \(shape) \(rowCount) x \(dimension)"
            #expect(isEqual, "\(setting), query \(index): \(query); \(rules)")
            #expect(ranked[index].eligibleCount == eligibleCount, "\(setting), query \(index): \(query)")
        }
        met.cases += cases.count
    }

    /// Scans and ranks a request, with further scans as long as the rank stage asks for them.
    private func rank(
        _ queries: [PlannedQuery], _ stage: RankStage, _ generation: Generation, _ kernel: ScanKernel,
        _ met: inout Met, _ generator: inout SeededGenerator
    ) -> [RequestRanking.Ranked] {
        func scan(_ queries: [PlannedQuery]) -> [ScanResult] {
            let batch = ScanBatch(
                generation: generation, target: generation.items!, queries: queries, kernel: kernel,
                rowsBeforeWaiting: [0, 2_000, ScanBatch.rowsBeforeWaiting].randomElement(using: &generator)!)
            return runScan(batch, workerCount: Int.random(in: 1...3, using: &generator), using: &generator)
        }
        var ranking = RequestRanking(
            stage, queries: queries, found: scan(queries), over: generation.items!,
            mode: [ScanMode.auto, .blas, .int8].randomElement(using: &generator)!)
        let budgetMax = [1, 20, 100_000].randomElement(using: &generator)!
        while true {
            switch ranking.step(budget: Int.random(in: 1...budgetMax, using: &generator)) {
            case .working: break
            case .needsRows(let fetch):
                met.fetches += 1
                #expect(!fetch.queries.isEmpty)
                ranking.take(scan(fetch.queries))
            case .done(let ranked): return ranked.compactMap(\.self)
            }
        }
    }
}
