import KindredClient
import KindredDomain
import Synchronization
import TestSupport
import Testing

/// The same request again is answered with the same bits, and never with those of another version.
@Suite(.serialized) struct KeptAnswersTests {
    private static func items(_ count: Int, _ generator: inout SeededGenerator) -> [[Float]] {
        VectorShape.flat.rows(count: count, dimension: 16, using: &generator)
    }

    /// How many requests were sent.
    private final class Asked: Sendable {
        let count = Atomic(0)
    }

    @Test(arguments: [0, 1]) func repeatsAreCounted(mebibytes: Int) async throws {
        var generator = SeededGenerator.announced()
        let items = Self.items(500, &generator)
        let folder = try TemporaryFolder()
        try folder.pack(items: items)
        let server = try await RunningServer(folder, threads: 1, answerCacheMebibytes: mebibytes)
        let wanted = (0..<20).map { Oracle(rows: items).best(items[$0], k: 5, similarity: .dot) }
        try await server.withClient { (client: KindredClient) async throws in
            for round in 0..<4 {
                for (query, wanted) in wanted.enumerated() {
                    let answer = try await client.recommend(.vector(items[query]), k: 5)
                    #expect(answer.results.map(\.score.bitPattern) == wanted.map(\.score.bitPattern))
                    #expect(answer.results.map(\.id) == wanted.map { .number(UInt64($0.row * 3)) })
                    #expect(answer.eligible == 500)
                    if round > 1, mebibytes > 0 { #expect(answer.computeTime == .zero) }
                }
            }
            // Any difference makes another request.
            _ = try await client.recommend(.vector(items[0]), k: 6)
            // One of its queries fails each time, alone.
            for _ in 0..<3 {
                let answers = try await client.recommendBatch([.item(.number(0)), .item(.number(1))], k: 5)
                #expect(throws: KindredError.self) { try answers[1].get() }
                #expect(try answers[0].get().results.count == 5)
            }
            let stats = try await client.stats()
            #expect(stats["requests_repeated_total"] == (mebibytes > 0 ? 41 : 0))
            #expect(stats["queries_total"] == 87)
            #expect(stats["queries_failed_total"] == 3)
            // Failures of whole requests are not kept.
            var options = RecommendOptions()
            options.call.version = 9
            for _ in 0..<2 {
                await #expect {
                    try await client.recommend(.vector(items[0]), k: 5, options: options)
                } throws: {
                    ($0 as? KindredError)?.name == "VERSION_GONE"
                }
            }
            #expect(try await client.stats()["requests_repeated_total"] == (mebibytes > 0 ? 41 : 0))
        }
        await server.stop()
    }

    /// Once a switch is confirmed, no request is answered by the version before. Requests are in flight meanwhile, and
    /// some of their answers are ready after the switch.
    @Test(.timeLimit(.minutes(20))) func aSwitchHoldsForEveryRequestAfterIt() async throws {
        var generator = SeededGenerator.announced()
        let folder = try TemporaryFolder()
        let items = Self.items(isOptimised ? 60_000 : 6_000, &generator)
        let versions = [items, items.map { $0.map { $0 * 2 } }]
        for rows in versions { try folder.pack(items: rows) }
        let best = versions.map { Oracle(rows: $0).best(items[5], k: 1_000, similarity: .dot).map(\.score) }
        let server = try await RunningServer(folder)
        let query = Query.vector(items[5])
        // Each number of results is another request. In debug, long answers would take most of the time.
        let kCount = isOptimised ? 900 : 100
        let asked = Asked()
        @Sendable func kOf(_ number: Int) -> Int { number % kCount + 1 }
        try await server.withClient(connections: 8) { (client: KindredClient) async throws in
            @Sendable func version(k: Int) async throws -> UInt64 {
                let answer = try await client.recommend(query, k: k)
                let scores = answer.results.map(\.score)
                #expect(scores == Array(best[Int(answer.version) - 1].prefix(k)), "version \(answer.version)")
                return answer.version
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        while !Task.isCancelled {
                            _ = try await version(k: kOf(asked.count.add(1, ordering: .relaxed).newValue))
                        }
                    }
                }
                for round in 0..<(isOptimised ? 60 : 12) {
                    let next = UInt64(round % 2 + 1)
                    _ = try await client.activate(version: next)
                    let last = asked.count.load(ordering: .relaxed)
                    for number in max(0, last - (isOptimised ? 50 : 20))...last {
                        #expect(try await version(k: kOf(number)) == next)
                    }
                }
                group.cancelAll()
                while (await group.nextResult()) != nil {}
            }
            #expect(try await client.stats()["requests_repeated_total"]! > 10)
        }
        await server.stop()
    }

    /// Requests that name a version are answered by it while it is loaded, and refused once it is not.
    @Test(.timeLimit(.minutes(1))) func unloadedVersionsAnswerNothing() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1], [2]])
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            // Pinned, so that it serves all the time.
            _ = try await client.activate(version: 1)
            var second = RecommendOptions()
            second.call.version = 2
            try folder.pack(items: [[3], [4]])
            while try await client.models()[0].loaded != [1, 2] {}
            for _ in 0..<3 {
                #expect(try await client.recommend(.vector([1]), k: 1, options: second).results[0].score == 4)
                #expect(try await client.recommend(.vector([1]), k: 1).results[0].score == 2)
            }
            #expect(try await client.stats()["requests_repeated_total"] == 2)
            try folder.pack(items: [[5], [6]])
            while try await client.models()[0].loaded != [1, 3] {}
            await #expect {
                try await client.recommend(.vector([1]), k: 1, options: second)
            } throws: {
                ($0 as? KindredError)?.name == "VERSION_GONE"
            }
            #expect(try await client.recommend(.vector([1]), k: 1).results[0].score == 2)
        }
        await server.stop()
    }

    /// Kept answers of the default model stay right when a second model begins to serve, which gets its own.
    @Test(.timeLimit(.minutes(1))) func secondModelHasItsOwnAnswers() async throws {
        let folder = try TemporaryFolder()
        try folder.pack("first", items: [[1], [2]])
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            for _ in 0..<3 {
                #expect(try await client.recommend(.vector([1]), k: 1).results[0].score == 2)
            }
            try folder.pack("second", items: [[3], [4]])
            while try await client.models().filter({ $0.active > 0 }).count < 2 {}
            for _ in 0..<3 {
                #expect(try await client.recommend(.vector([1]), k: 1).results[0].score == 2)
            }
            var options = RecommendOptions()
            options.call.model = ModelName("second")
            #expect(try await client.recommend(.vector([1]), k: 1, options: options).results[0].score == 4)
        }
        await server.stop()
    }
}
