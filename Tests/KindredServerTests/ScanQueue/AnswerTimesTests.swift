import KindredClient
import KindredDomain
import KindredServer
import TestSupport
import Testing

/// The times in an answer: the wait for its scan, and the computing after that.
@Suite(.serialized) struct AnswerTimesTests {
    /// Three scans of 256 queries by one event loop: requests of the last scan have waited for the two before it.
    @Test func waitingForAScanIsNotComputing() async throws {
        var generator = SeededGenerator.announced()
        let rowCount = isOptimised ? 60_000 : 12_000
        let items = VectorShape.flat.rows(count: rowCount, dimension: 48, using: &generator)
        let folder = try TemporaryFolder()
        try folder.pack(items: items)
        var limits = Limits.standard
        limits.queueMillisecondsMax = limits.timeoutMillisecondsMax
        let server = try await RunningServer(folder, threads: 1, limits: limits, answerCacheMebibytes: 0)
        try await server.withClient { (client: KindredClient) async throws in
            let batch = Array(repeating: Query.vector(items[5]), count: 32)
            let times = try await withThrowingTaskGroup(of: (queue: Duration, compute: Duration).self) {
                group in
                for _ in 0..<24 {
                    group.addTask {
                        let answer = try await client.recommendBatch(batch, k: 3)[0].get()
                        return (answer.queueTime, answer.computeTime)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let longest = try #require(times.max { $0.queue < $1.queue })
            #expect(longest.queue * 2 > longest.compute, "\(times)")
            // A request that comes alone does not wait.
            let alone = try await client.recommendBatch(batch, k: 3)[0].get()
            #expect(alone.queueTime < longest.queue)
        }
        await server.stop()
    }
}
