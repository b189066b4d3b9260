import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Any path, partition, batch and mask gives the oracle's answer to the bit.
@Suite struct ScanPropertyTests {
    /// Cases of the run; more in an optimised build.
    private static let caseCount = isOptimised ? 4_000 : 150

    @Test func everyAnswerEqualsTheOracle() throws {
        var generator = SeededGenerator.announced()
        for _ in 0..<Self.caseCount { try checkOneCase(&generator) }
    }

    private func checkOneCase(_ generator: inout SeededGenerator) throws {
        let shape = VectorShape.allCases.randomElement(using: &generator)!
        let dimension = Int.random(in: 1...70, using: &generator)
        let rowCount = [1, 2, 7, 63, 64, 65, 300, 1_500].randomElement(using: &generator)!
        let rows = shape.rows(count: rowCount, dimension: dimension, using: &generator)
        let generation = try Generation.sample(items: rows, metric: .dot)
        let oracle = Oracle(rows: rows)
        let queryCount = [1, 2, 7, 64, 70].randomElement(using: &generator)!
        let queryShape = Bool.random(using: &generator) ? shape : VectorShape.flat
        var queries = queryShape.rows(count: queryCount, dimension: dimension, using: &generator)
        if Int.random(in: 0..<10, using: &generator) == 0 {
            queries[0] = Array(repeating: 0, count: dimension)
        }
        let similarity = Similarity.allCases.randomElement(using: &generator)!
        let k = Int.random(in: 1...min(rowCount + 3, 200), using: &generator)

        var request = RecommendRequest(
            scope: QueryScope(
                queries: .vectors(elements: queries.flatMap { $0 }, count: queryCount), target: .items,
                similarity: similarity),
            k: UInt32(k))
        var excluded: Set<Int> = []
        if Bool.random(using: &generator) {
            excluded = Set(
                (0..<Int.random(in: 0...rowCount, using: &generator)).map { _ in
                    Int.random(in: 0..<rowCount, using: &generator)
                })
            // Excluding the best rows changes the answer.
            for best in oracle.best(queries[0], k: 5, similarity: similarity) { excluded.insert(best.row) }
            request.exclusions = RaggedIDs(shared: .numbers(excluded.map { UInt64($0) * 3 } + [1, 1]))
        }
        var allowed: Set<Int>?
        if Int.random(in: 0..<3, using: &generator) == 0 {
            let some = Set(
                (0...Int.random(in: 0...rowCount, using: &generator)).map { _ in
                    Int.random(in: 0..<rowCount, using: &generator)
                })
            allowed = some
            request.candidates = RaggedIDs(shared: .numbers(some.map { UInt64($0) * 3 } + [2]))
        }
        if Bool.random(using: &generator) {
            request.minimumScores = [oracle.best(queries[0], k: k, similarity: similarity).last!.score]
        }

        let threads = Int.random(in: 1...3, using: &generator)
        let response = try answer(request, generation, workerCount: threads, using: &generator)
        for (index, query) in queries.enumerated() {
            let isZero = query.allSatisfy { $0 == 0 } && similarity == .cosine
            guard !isZero else {
                #expect(response.outcomes[index].failure == .invalidArgument(.zeroVectorUnderCosine))
                continue
            }
            let wanted = oracle.best(
                query, k: k, similarity: similarity, minimumScore: request.minimumScores.first ?? -.infinity
            ) { !excluded.contains($0) && allowed?.contains($0) ?? true }
            let range = Int(response.offsets[index])..<Int(response.offsets[index + 1])
            let eligible = (0..<rowCount).count { !excluded.contains($0) && allowed?.contains($0) ?? true }
            #expect(response.outcomes[index].rowsEligible == UInt64(eligible))
            let isEqual =
                response.ids.ids[range] == wanted.map { .number(UInt64($0.row) * 3) }[...]
                && response.scores[range].map(\.bitPattern) == wanted.map(\.score.bitPattern)
            #expect(
                isEqual,
                "seed \(generator.seed): \(shape) \(rowCount) x \(dimension), k \(k), \(similarity), query \(index)"
            )
        }
    }
}
