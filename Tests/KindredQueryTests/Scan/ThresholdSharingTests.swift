import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Threads of a scan share their thresholds, so that a thread does not score rows that another thread has ruled out.
@Suite(.enabled(if: isOptimised, "long scans of plain debug code")) struct ThresholdSharingTests {
    /// Enough rows that they are cut into units for every kernel.
    private static let rowCount = 60_003

    private func batch(_ scoring: Similarity, _ generator: inout SeededGenerator) throws -> ScanBatch {
        let rows = VectorShape.flat.rows(count: Self.rowCount, dimension: 64, using: &generator)
        let generation = try Generation.sample(items: rows, metric: .dot)
        let queries = VectorShape.flat.rows(count: 8, dimension: 64, using: &generator).map {
            PlannedQuery(
                ranking: RankingVector(QueryVector(made: $0), similarity: scoring), fetchCount: 10,
                eligibility: Eligibility(count: rows.count), path: .int8)
        }
        return ScanBatch(generation: generation, target: generation.items!, queries: queries)
    }

    /// Scans with one worker that takes `unitCount` units and a second one that takes the rest. The best rows of each
    /// query, and the number of rows that were scored for all queries.
    private func scan(_ batch: ScanBatch, firstTakes unitCount: Int) -> (best: [[RankingKey]], rescored: Int)
    {
        let scratch = ScanScratch()
        var first = batch.makeWorker()
        var second = batch.makeWorker()
        for _ in 0..<unitCount { _ = batch.work(&first, scratch: scratch) }
        while batch.work(&second, scratch: scratch) {}
        while batch.work(&first, scratch: scratch) {}
        #expect(batch.deposit(first) != batch.deposit(second))
        let results = batch.takeResults()
        for result in results { #expect(result.counts.rowsScanned <= Self.rowCount) }
        return (
            results.map {
                var best = $0.best
                return best?.finish() ?? []
            }, results.reduce(0) { $0 + $1.counts.rowsRescored }
        )
    }

    @Test(arguments: Similarity.allCases)
    func aSecondWorkerScoresFewMoreRows(_ scoring: Similarity) throws {
        var generator = SeededGenerator.announced()
        var again = generator
        let together = try batch(scoring, &generator)
        #expect(together.unitCount >= 4)
        let shared = scan(together, firstTakes: together.unitCount / 2)
        let alone = scan(try batch(scoring, &again), firstTakes: 0)
        #expect(shared.best == alone.best)
        // Without sharing, the second worker would score as many rows as the first one did.
        #expect(
            Double(shared.rescored) < 1.3 * Double(alone.rescored),
            "\(shared.rescored) rows scored by two threads, \(alone.rescored) by one")
    }
}
