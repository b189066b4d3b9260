import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Queries of the greatest k, beside queries of few rows, give the oracle's answer to the bit on every path.
@Suite struct WideResultTests {
    private static let rowCount = 12_500
    private static let kMax = Int(Limits.standard.kMax)

    /// What one query wants, in plain values.
    private struct Wanted {
        let vector: [Float]
        let similarity: Similarity
        let k: Int
        var eligible: Set<Int>?
        var minimumScore = -Float.infinity
        var path = PlannedQuery.Path.blas

        func planned(over side: GenerationSide) -> PlannedQuery {
            let list = RowSet(capacity: side.table.count)
            for row in eligible?.shuffled() ?? Array(0..<side.table.count) { list.insert(UInt32(row)) }
            let source: Eligibility.Source =
                switch (path, eligible) {
                case (.gather, _): .listed(list)
                case (_, nil): .all
                default: .masked(RowMask(rows: list.rows, codes: side.codes))
                }
            return PlannedQuery(
                ranking: RankingVector(QueryVector(made: vector), similarity: similarity), fetchCount: k,
                minimumScore: minimumScore, eligibility: Eligibility(source: source, count: list.count),
                path: path)
        }
    }

    /// Queries of many, some and few rows; the last ones have fewer eligible rows than they want, or a minimum score.
    private func wanted(
        _ oracle: Oracle, _ path: PlannedQuery.Path, _ generator: inout SeededGenerator
    ) -> [Wanted] {
        let similarity = Similarity.allCases.randomElement(using: &generator)!
        func query(_ k: Int) -> Wanted {
            let vector = VectorShape.flat.rows(count: 1, dimension: oracle.dimension, using: &generator)[0]
            return Wanted(vector: vector, similarity: similarity, k: k, path: path)
        }
        func some(_ share: Double) -> Set<Int> {
            Set((0..<Self.rowCount).filter { _ in generator.uniform() < share })
        }
        var queries = [
            query(Self.kMax), query(10), query(1_025), query(Self.kMax), query(1_024), query(Self.kMax),
            query(Self.kMax + Self.kMax / 2 + 1), query(2_500),
        ]
        queries[3].eligible = some(0.9)
        queries[4].eligible = some(0.4)
        queries[5].eligible = some(0.3)
        let all = oracle.best(queries[7].vector, k: Self.rowCount, similarity: similarity)
        queries[7].minimumScore = all[2_000].score
        queries.shuffle(using: &generator)
        return queries
    }

    @Test(arguments: [1, 2, 3]) func everyPathEqualsTheOracle(workerCount: Int) throws {
        var generator = SeededGenerator.announced()
        for shape in [VectorShape.flat, .integers] {
            let rows = shape.rows(count: Self.rowCount, dimension: 6, using: &generator)
            let generation = try Generation.sample(items: rows, metric: .dot)
            let side = try #require(generation.items)
            let oracle = Oracle(rows: rows)
            var queries: [Wanted] = []
            for path in [PlannedQuery.Path.blas, .int8, .gather] {
                queries += wanted(oracle, path, &generator)
            }
            let batch = ScanBatch(
                generation: generation, target: side, queries: queries.map { $0.planned(over: side) })
            var results = runScan(batch, workerCount: workerCount, using: &generator)
            for (index, query) in queries.enumerated() {
                let found = results[index].best?.finish() ?? []
                let best = oracle.best(
                    query.vector, k: query.k, similarity: query.similarity, minimumScore: query.minimumScore
                ) { query.eligible?.contains($0) ?? true }
                let isEqual =
                    found.map { Int($0.row) } == best.map(\.row)
                    && found.map(\.score.bitPattern) == best.map(\.score.bitPattern)
                #expect(isEqual, "seed \(generator.seed): \(shape), \(query.path), k \(query.k)")
            }
        }
    }

    /// The cost of a request holds what its scans find, also without rules.
    @Test func costHoldsWhatIsFound() throws {
        let rows = (0..<Self.rowCount).map { [Float($0 % 97), 1] }
        let generation = try Generation.sample(items: rows, metric: .dot)
        func cost(_ queries: Int, k: Int, offset: UInt32 = 0) throws -> PlanningCost {
            var request = RecommendRequest(
                scope: QueryScope(
                    queries: .vectors(elements: Array(repeating: 1, count: 2 * queries), count: queries),
                    target: .items), k: UInt32(k))
            if offset > 0 {
                request.rules = RecommendRules()
                request.rules?.offset = offset
            }
            return try RecommendPlanner(request: request, generation: generation).cost
        }
        #expect(try cost(10, k: Self.kMax).byteCount >= 10 * Self.kMax * 8)
        #expect(try cost(10, k: Self.kMax).fetchCountMax == Self.kMax)
        #expect(try cost(200, k: 10, offset: 9_990).byteCount >= 200 * Self.kMax * 8)
        #expect(throws: RequestFailure.limitExceeded(.offsetAndK, found: 10_001, limit: 10_000)) {
            try cost(1, k: 10, offset: 9_991)
        }
    }
}
