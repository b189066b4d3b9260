import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Thresholds of boosted scores come from rows that may be in the answer, and from no others.
@Suite struct BoostedScanTests {
    private static let rowCount = 3_000

    /// Every second row is boosted. The rows with the higher scores may not be in the answer: a mask leaves them out,
    /// or exclusions do.
    @Test(arguments: [BoostEffect.add(0.5), .add(-0.5), .multiply(3), .add(1e6)], [true, false])
    func forbiddenRowsMakeNoThreshold(_ effect: BoostEffect, isMasked: Bool) throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: Self.rowCount, dimension: 16, using: &generator)
        let generation = try Generation.sample(items: rows, metric: .dot)
        let side = generation.items!
        let vectors = VectorShape.flat.rows(count: 8, dimension: 16, using: &generator)
        let oracle = Oracle(rows: rows)
        let boosted = Set((0..<Self.rowCount).filter { _ in Bool.random(using: &generator) })
        let mask = RowMask(rows: boosted.map { UInt32($0) }, codes: side.codes)
        let boosts = RowBoosts([Boost(effect, rows: mask)], codes: side.codes, fetchCount: 10)
        var rules = RulesOracle(oracle)
        rules.boosts = [RulesOracle.Boost(effect, rows: boosted)]
        rules.k = 10
        let lower = vectors.map { vector in
            Set(
                oracle.best(vector, k: Self.rowCount, similarity: .cosine).suffix(Self.rowCount / 2).map(
                    \.row))
        }
        let queries = zip(vectors, lower).map { vector, lower in
            var eligibility = Eligibility(count: lower.count)
            if isMasked {
                eligibility.source = .masked(RowMask(rows: lower.map { UInt32($0) }, codes: side.codes))
            } else {
                let excluded = RowSet(capacity: Self.rowCount)
                for row in 0..<Self.rowCount where !lower.contains(row) { excluded.insert(UInt32(row)) }
                eligibility.exclusions.own = excluded
            }
            return PlannedQuery(
                ranking: RankingVector(QueryVector(made: vector), similarity: .cosine), fetchCount: 10,
                eligibility: eligibility, boosts: boosts, path: .int8)
        }
        let batch = ScanBatch(generation: generation, target: side, queries: queries)
        var results = runScan(batch, workerCount: 2, using: &generator)
        for index in queries.indices {
            let wanted = rules.answer(vectors[index], similarity: .cosine, minimumScore: -.infinity) {
                lower[index].contains($0)
            }
            let found = results[index].best?.finish() ?? []
            let isEqual =
                found.map { Int($0.row) } == wanted.map(\.row) && found.map(\.score) == wanted.map(\.score)
            #expect(isEqual, "seed \(generator.seed), query \(index)")
        }
    }
}
