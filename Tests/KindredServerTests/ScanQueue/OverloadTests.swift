import KindredClient
import KindredDomain
import KindredServer
import TestSupport
import Testing

/// Requests that would wait too long are refused at once. The others get the right answer.
@Suite(.serialized) struct OverloadTests {
    @Test func excessRequestsAreRefusedAndTheOthersAnswered() async throws {
        var generator = SeededGenerator.announced()
        // A scan of 250 queries takes milliseconds, and no request may wait for longer than one.
        let rowCount = isOptimised ? 60_000 : 6_000
        let items = VectorShape.flat.rows(count: rowCount, dimension: 48, using: &generator)
        let query = items[7]
        let folder = try TemporaryFolder()
        try folder.pack(items: items)
        var limits = Limits.standard
        limits.queueMillisecondsMax = 1
        let best = Oracle(rows: items).best(query, k: 3, similarity: .dot)
        let server = try await RunningServer(folder, limits: limits, answerCacheMebibytes: 0)
        try await server.withClient(connections: 2) { (client: KindredClient) async throws in
            let batch = Array(repeating: Query.vector(query), count: 250)
            let outcomes = try await withThrowingTaskGroup(of: KindredError?.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        do {
                            for answer in try await client.recommendBatch(batch, k: 3) {
                                let answer = try answer.get()
                                #expect(answer.results.map(\.score) == best.map(\.score))
                                #expect(answer.results.map(\.id) == best.map { .number(UInt64($0.row * 3)) })
                            }
                            return nil
                        } catch let error as KindredError {
                            return error
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let refused = outcomes.compactMap { $0 }
            #expect(!refused.isEmpty, "200 batches, and none had to wait for longer than 1 ms")
            #expect(refused.count < outcomes.count)
            for error in refused {
                #expect(error.name == "OVERLOADED")
                #expect(error.isRetryable && error.isNotProcessed)
                #expect((error.retryAfter ?? .zero) >= .milliseconds(10))
            }
            // A request that comes alone is not refused.
            #expect(
                try await client.recommend(.vector(query), k: 3).results.map(\.score) == best.map(\.score))
            let stats = try await client.stats()
            #expect(stats["overloaded_total"] == UInt64(refused.count))
        }
        await server.stop()
    }

    /// A small request goes before the later parts of a large one, so its predicted wait is short.
    @Test func smallRequestBesideALargeOneIsNotRefused() async throws {
        var generator = SeededGenerator.announced()
        let rowCount = isOptimised ? 60_000 : 6_000
        let items = VectorShape.flat.rows(count: rowCount, dimension: 48, using: &generator)
        let folder = try TemporaryFolder()
        try folder.pack(items: items)
        var limits = Limits.standard
        limits.queueMillisecondsMax = 1
        let best = Oracle(rows: items).best(items[3], k: 2, similarity: .dot).map(\.score)
        let server = try await RunningServer(folder, limits: limits, answerCacheMebibytes: 0)
        try await server.withClient(connections: 2) { (client: KindredClient) async throws in
            let batch = Array(repeating: Query.vector(items[3]), count: 1_000)
            // So that the throughput is known.
            #expect(try await client.recommendBatch(batch, k: 2).count == batch.count)
            async let large = client.recommendBatch(batch, k: 2)
            for _ in 0..<20 {
                #expect(try await client.recommend(.vector(items[3]), k: 2).results.map(\.score) == best)
            }
            for answer in try await large { #expect(try answer.get().results.map(\.score) == best) }
        }
        await server.stop()
    }

    /// Of rows that are nearly equal, so many pass the thresholds that scans continue by BLAS: short scans, which run
    /// in their tick, and long ones.
    @Test(arguments: isOptimised ? [3_000, 120_000] : [3_000])
    func scansThatContinueByBLASEnd(rowCount: Int) async throws {
        var generator = SeededGenerator.announced()
        let centre = VectorShape.flat.rows(count: 1, dimension: 64, using: &generator)[0]
        let items = (0..<rowCount).map { _ in
            centre.map { $0 + Float(generator.normal()) * 1e-5 }
        }
        let folder = try TemporaryFolder()
        try folder.pack(items: items)
        let best = Oracle(rows: items).best(centre, k: 5, similarity: .dot).map(\.score)
        let server = try await RunningServer(folder, answerCacheMebibytes: 0)
        try await server.withClient(connections: 4) { (client: KindredClient) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<32 {
                    group.addTask {
                        let found = try await client.recommend(.vector(centre), k: 5).results
                        #expect(found.map(\.score) == best)
                    }
                }
                try await group.waitForAll()
            }
            let batch = Array(repeating: Query.vector(centre), count: rowCount > 3_000 ? 64 : 1)
            for answer in try await client.recommendBatch(batch, k: 5) {
                #expect(try answer.get().results.map(\.score) == best)
            }
            let stats = try await client.stats()
            #expect(stats["scans_running"] == 0)
            #expect((stats["scan_batches_shared_total"] ?? 0 > 0) == (rowCount > 3_000))
        }
        await server.stop()
    }
}
