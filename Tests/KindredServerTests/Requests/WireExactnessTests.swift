import KindredClient
import KindredDomain
import KindredModel
import TestSupport
import Testing

/// Answers over the wire equal those of the brute-force oracle, in ids and in the bits of scores.
@Suite(.serialized) struct WireExactnessTests {
    private struct Case: Sendable {
        let source: Side
        let target: Side
        let similarity: Similarity
    }

    private static let cases = [
        Case(source: .users, target: .items, similarity: .dot),
        Case(source: .users, target: .items, similarity: .cosine),
        Case(source: .users, target: .users, similarity: .dot),
        Case(source: .users, target: .users, similarity: .cosine),
        Case(source: .items, target: .items, similarity: .dot),
    ]

    /// Rows with many exact ties: few distinct vectors of small integers, and whole duplicates.
    private static func rows(_ count: Int, _ generator: inout SeededGenerator) -> [[Float]] {
        let distinct = VectorShape.integers.rows(count: count / 4, dimension: 48, using: &generator)
        return (0..<count).map { index in
            index % 2 == 0
                ? distinct[Int.random(in: 0..<distinct.count, using: &generator)].map { $0 == 0 ? 1 : $0 }
                : (0..<48).map { _ in Float(generator.normal()) }
        }
    }

    @Test func everyBatchSizeAndThreadCountEqualsTheOracle() async throws {
        var generator = SeededGenerator.announced()
        let rowCount = isOptimised ? 20_000 : 2_000
        let queryCount = isOptimised ? 1_000 : 70
        let items = Self.rows(rowCount, &generator)
        let users = Self.rows(rowCount, &generator)
        let folder = try TemporaryFolder()
        try folder.pack(items: items, users: users)

        var oracles: [Answers] = []
        for one in Self.cases {
            oracles.append(await Self.oracle(one, items: items, users: users, queryCount: queryCount))
        }
        for threads in [1, 2] {
            let server = try await RunningServer(folder, threads: threads)
            try await server.withClient { (client: KindredClient) async throws in
                for (one, wanted) in zip(Self.cases, oracles) {
                    // From the third time on, small batches are answered from kept answers.
                    for size in [1, 7, 64, 1_000, 1, 7, 1, 7] {
                        let found = try await Self.ask(client, one, queryCount: queryCount, batch: size)
                        #expect(found == wanted, "\(one) in batches of \(size) with \(threads) threads")
                    }
                }
            }
            await server.stop()
        }
    }

    /// For each query the ids and the bits of the scores.
    private typealias Answers = [[Answer]]

    private struct Answer: Equatable, Sendable {
        let id: ExternalID
        let score: UInt32
    }

    private static func oracle(
        _ one: Case, items: [[Float]], users: [[Float]], queryCount: Int
    ) async -> Answers {
        let queries = one.source == .items ? items : users
        let oracle = Oracle(rows: one.target == .items ? items : users)
        return await withTaskGroup(of: (Int, [Answer]).self) { group in
            for query in 0..<queryCount {
                group.addTask {
                    // The query's own row is left out where it is one of the target's.
                    let best = oracle.best(queries[query], k: 20, similarity: one.similarity) {
                        one.source != one.target || $0 != query
                    }
                    return (
                        query,
                        best.map { Answer(id: .number(UInt64($0.row) * 3), score: $0.score.bitPattern) }
                    )
                }
            }
            var answers = Array(repeating: [Answer](), count: queryCount)
            for await (query, answer) in group { answers[query] = answer }
            return answers
        }
    }

    private static func ask(
        _ client: KindredClient, _ one: Case, queryCount: Int, batch: Int
    ) async throws -> Answers {
        var options = RecommendOptions()
        options.target = one.target
        options.similarity = one.similarity
        var answers: Answers = []
        var next = 0
        while next < queryCount {
            let range = next..<min(next + batch, queryCount)
            let queries = range.map { row -> Query in
                one.source == .items ? .item(.number(UInt64(row) * 3)) : .user(.number(UInt64(row) * 3))
            }
            for result in try await client.recommendBatch(queries, k: 20, options: options) {
                answers.append(try result.get().results.map { Answer(id: $0.id, score: $0.score.bitPattern) })
            }
            next = range.upperBound
        }
        return answers
    }

    /// A reply that takes several steps to build, and one more to write.
    @Test func largeReplyEqualsTheOracle() async throws {
        var generator = SeededGenerator.announced()
        let items = Self.rows(2_000, &generator)
        let folder = try TemporaryFolder()
        try folder.pack(items: items)
        let wanted = Oracle(rows: items).best(items[3], k: 500, similarity: .dot)
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            let batch = Array(repeating: Query.vector(items[3]), count: isOptimised ? 200 : 40)
            for answer in try await client.recommendBatch(batch, k: 500) {
                let found = try answer.get().results
                #expect(found.map(\.id) == wanted.map { .number(UInt64($0.row) * 3) })
                #expect(found.map(\.score.bitPattern) == wanted.map(\.score.bitPattern))
            }
        }
        await server.stop()
    }

    /// Different queries that share a scan do not affect each other.
    @Test func requestsThatShareAScanAreAnsweredAsIfAlone() async throws {
        var generator = SeededGenerator.announced()
        let items = Self.rows(isOptimised ? 30_000 : 3_000, &generator)
        let folder = try TemporaryFolder()
        try folder.pack(items: items)
        let server = try await RunningServer(folder)
        let oracle = Oracle(rows: items)
        let seed = generator.next()
        try await server.withClient(connections: 4) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<48 {
                    group.addTask {
                        var generator = SeededGenerator(seed: seed &+ UInt64(index))
                        let query = items[Int.random(in: 0..<items.count, using: &generator)].map { $0 + 0.5 }
                        let k = [1, 10, 300].randomElement(using: &generator)!
                        var options = RecommendOptions()
                        options.similarity = Similarity.allCases.randomElement(using: &generator)!
                        let best = oracle.best(query, k: 40, similarity: options.similarity!)
                        let excluded = Set(best.filter { _ in Bool.random(using: &generator) }.map(\.row))
                        options.exclude = excluded.map { .number(UInt64($0) * 3) }
                        let found = try await client.recommend(.vector(query), k: k, options: options)
                        let wanted = oracle.best(query, k: k, similarity: options.similarity!) {
                            !excluded.contains($0)
                        }
                        #expect(found.results.map(\.id) == wanted.map { .number(UInt64($0.row) * 3) })
                        #expect(found.results.map(\.score.bitPattern) == wanted.map(\.score.bitPattern))
                        #expect(found.eligible == UInt64(items.count - excluded.count))
                    }
                }
                try await group.waitForAll()
            }
        }
        await server.stop()
    }
}
