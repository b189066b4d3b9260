import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Exclusions do not make the thresholds of a scan worse: about as many rows are scored as without.
@Suite(.enabled(if: isOptimised, "scans of plain debug code")) struct ExclusionCostTests {
    private static let rowCount = 10_000

    private func rescored(
        _ generation: Generation, _ vectors: [[Float]], _ scoring: Similarity, _ exclusions: [Exclusions]
    ) -> Int {
        let queries = zip(vectors, exclusions).map { vector, excluded in
            PlannedQuery(
                ranking: RankingVector(QueryVector(made: vector), similarity: scoring), fetchCount: 10,
                eligibility: Eligibility(exclusions: excluded, count: Self.rowCount - excluded.count),
                path: .int8)
        }
        let batch = ScanBatch(generation: generation, target: generation.items!, queries: queries)
        var worker = batch.makeWorker()
        let scratch = ScanScratch()
        while batch.work(&worker, scratch: scratch) {}
        #expect(batch.deposit(worker))
        let results = batch.takeResults()
        for (result, excluded) in zip(results, exclusions) {
            var best = result.best
            for key in best?.finish() ?? [] { #expect(!excluded.contains(key.row)) }
        }
        return results.reduce(0) { $0 + $1.counts.rowsRescored }
    }

    private func list(_ count: Int, _ generator: inout SeededGenerator) -> RowSet {
        let rows = RowSet(capacity: count)
        while rows.count < count {
            rows.insert(UInt32.random(in: 0..<UInt32(Self.rowCount), using: &generator))
        }
        return rows
    }

    @Test(arguments: Similarity.allCases)
    func excludedRowsLowerNoThreshold(_ scoring: Similarity) throws {
        var generator = SeededGenerator.announced()
        let items = VectorShape.flat.rows(count: Self.rowCount, dimension: 48, using: &generator)
        let generation = try Generation.sample(items: items, metric: .dot)
        let vectors = VectorShape.flat.rows(count: 16, dimension: 48, using: &generator)
        let without = rescored(generation, vectors, scoring, vectors.map { _ in Exclusions() })
        // Fewer and more rows than those that seed the thresholds.
        for count in [10, 300, 3_000] {
            let shared = list(count, &generator)
            let lists = [
                vectors.map { _ in Exclusions(shared: shared) },
                vectors.map { _ in Exclusions(own: list(count, &generator)) },
                vectors.indices.map {
                    $0 == 0 ? Exclusions(shared: shared, own: list(count, &generator)) : Exclusions()
                },
            ]
            for exclusions in lists {
                let found = rescored(generation, vectors, scoring, exclusions)
                #expect(
                    Double(found) < 1.5 * Double(without),
                    "\(count) excluded: \(found) rows scored, \(without) without")
            }
        }
    }
}
