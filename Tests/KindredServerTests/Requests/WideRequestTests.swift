import KindredClient
import KindredDomain
import TestSupport
import Testing

/// Requests for the greatest k over the wire: the oracle's lists to the bit, beside small requests, and the edge of the
/// limit.
@Suite(.serialized) struct WideRequestTests {
    private static let rowCount = 10_700
    private static let kMax = Int(Limits.standard.kMax)

    /// Runs `body` with a client of a server on random items and their oracle.
    private func serving(
        limits: Limits = .standard, _ body: (Oracle, KindredClient) async throws -> Void
    ) async throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: Self.rowCount, dimension: 8, using: &generator)
        let folder = try TemporaryFolder()
        try folder.pack(items: rows)
        let server = try await RunningServer(folder, limits: limits)
        try await server.withClient(connections: 3) { try await body(Oracle(rows: rows), $0) }
        await server.stop()
    }

    private func check(
        _ found: Recommendations, _ wanted: some Collection<(row: Int, score: Float)>,
        at location: SourceLocation = #_sourceLocation
    ) {
        let isEqual =
            found.results.map(\.id) == wanted.map { .number(UInt64($0.row) * 3) }
            && found.results.map(\.score.bitPattern) == wanted.map(\.score.bitPattern)
        #expect(isEqual, sourceLocation: location)
    }

    /// Ten queries are as many results as a request may have, in several parts.
    @Test func batchesOfTheGreatestK() async throws {
        try await serving { oracle, client in
            let vectors = (0..<10).map { oracle.rows[$0 * 31] }
            let wanted = vectors.map { oracle.best($0, k: Self.kMax, similarity: .dot) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4 {
                    group.addTask {
                        let answers = try await client.recommendBatch(
                            vectors.map { .vector($0) }, k: Self.kMax)
                        for (answer, best) in zip(answers, wanted) { check(try answer.get(), best) }
                    }
                    group.addTask {
                        for (vector, best) in zip(vectors, wanted) {
                            let found = try await client.recommend(.vector(vector), k: 10 + number)
                            check(found, best.prefix(10 + number))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Many windows at the end of the list find more rows than one part of a scan may.
    @Test func batchesOfLastPages() async throws {
        try await serving { oracle, client in
            var options = RecommendOptions()
            options.rules.offset = Self.kMax - 10
            let vectors = (0..<60).map { oracle.rows[$0] }
            let answers = try await client.recommendBatch(
                vectors.map { .vector($0) }, k: 10, options: options)
            for (vector, answer) in zip(vectors, answers) {
                check(try answer.get(), oracle.best(vector, k: Self.kMax, similarity: .dot).suffix(10))
            }
        }
    }

    @Test func pagesUpToTheLimit() async throws {
        try await serving { oracle, client in
            let query = Query.vector(oracle.rows[5])
            let wanted = oracle.best(oracle.rows[5], k: Self.rowCount, similarity: .dot)
            var page = try await client.recommend(query, k: 4_000)
            check(page, wanted[..<4_000])
            page = try await client.nextPage(after: page, of: query, k: 5_999)
            check(page, wanted[4_000..<9_999])
            let last = try await client.nextPage(after: page, of: query, k: 1)
            check(last, wanted[9_999..<10_000])
            for (before, k, end) in [(page, 2, 10_001), (last, 1, 10_001), (last, .max, .max)] {
                let error = await #expect(throws: KindredError.self) {
                    try await client.nextPage(after: before, of: query, k: k)
                }
                #expect(error?.name == "LIMIT_EXCEEDED" && error?.limit == 10_000)
                #expect(error?.value == UInt64(end))
            }
        }
    }

    @Test func oneMoreThanTheGreatestKIsRefused() async throws {
        try await serving { oracle, client in
            let query = Query.vector(oracle.rows[5])
            let error = await #expect(throws: KindredError.self) {
                try await client.recommend(query, k: Self.kMax + 1)
            }
            #expect(error?.message == "k: 10001, at most 10000")
            #expect(error?.value == 10_001 && error?.limit == 10_000)
        }
    }

    /// A server may announce a lower limit. The page is not sent, which the server's counts show.
    @Test func pagesKeepToTheAnnouncedLimit() async throws {
        var limits = Limits.standard
        limits.kMax = 50
        limits.poolMax = 40
        try await serving(limits: limits) { oracle, client in
            let query = Query.vector(oracle.rows[5])
            let first = try await client.recommend(query, k: 30)
            let second = try await client.nextPage(after: first, of: query, k: 20)
            #expect(second.results.count == 20)
            func failures() async throws -> UInt64? { try await client.stats()["requests_failed_total"] }
            let before = try #require(await failures())
            await #expect(throws: KindredError.self) { try await client.recommend(query, k: 51) }
            #expect(try await failures() == before + 1)
            let error = await #expect(throws: KindredError.self) {
                try await client.nextPage(after: first, of: query, k: 21)
            }
            #expect(error?.message == "offset + k: 51, at most 50")
            #expect(error?.value == 51 && error?.limit == 50)
            #expect(try await failures() == before + 1)
            // The default pool is the server's.
            var options = RecommendOptions()
            options.rules.diversity = Diversity(weight: 0.5)
            let pool = try await client.recommend(query, k: 10, options: options).pool
            #expect(pool == 40)
        }
    }
}
