import KindredClient
import KindredDomain
import TestSupport
import Testing

/// Pages of one list in one version neither repeat nor skip a row, whatever their sizes.
@Suite(.serialized) struct PagesTests {
    private static let pageSizes = [7, 3, 12, 1, 30]

    /// The ids of the pages that `nextPage` gives.
    private static func pages(
        of query: Query, _ options: RecommendOptions, _ client: KindredClient
    ) async throws -> [ExternalID] {
        var page = try await client.recommend(query, k: pageSizes[0], options: options)
        var ids = page.results.map(\.id)
        for k in pageSizes.dropFirst() {
            page = try await client.nextPage(after: page, of: query, k: k, options: options)
            #expect(page.results.count == k)
            ids += page.results.map(\.id)
        }
        return ids
    }

    @Test func pagesAreTheList() async throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: 300, dimension: 8, using: &generator)
        let folder = try TemporaryFolder()
        try folder.pack(items: rows)
        let server = try await RunningServer(folder)
        try await server.withClient { client in
            let query = Query.vector((0..<8).map { _ in Float(generator.normal()) })
            let total = Self.pageSizes.reduce(0, +)
            for weight in [nil, 0, 0.4, 1] {
                var options = RecommendOptions()
                options.rules.diversity = weight.map { Diversity(weight: $0) }
                let ids = try await Self.pages(of: query, options, client)
                // The pool of the first page is the pool of them all.
                options.rules.diversity?.pool = 70
                let list = try await client.recommend(query, k: total, options: options)
                #expect(ids == list.results.map(\.id), "diversity \(String(describing: weight))")
                #expect(list.pool == (weight ?? 0 > 0 ? 70 : nil))
            }
        }
        await server.stop()
    }

    @Test func pagesEndWithThePool() async throws {
        var generator = SeededGenerator.announced()
        let folder = try TemporaryFolder()
        try folder.pack(items: VectorShape.flat.rows(count: 300, dimension: 8, using: &generator))
        let server = try await RunningServer(folder)
        try await server.withClient { client in
            let query = Query.item("0")
            var options = RecommendOptions()
            options.rules.diversity = Diversity(weight: 0.5)
            let first = try await client.recommend(query, k: 5, options: options)
            #expect(first.pool == 50)
            let last = try await client.nextPage(after: first, of: query, k: 45, options: options)
            #expect(last.results.count == 45 && last.pool == 50)
            for _ in 0..<2 {
                let end = try await client.nextPage(after: last, of: query, k: 1, options: options)
                #expect(end.results.isEmpty && end.offset == 50 && end.version == last.version)
            }
            let short = try await client.nextPage(after: first, of: query, k: 60, options: options)
            #expect(short.results == last.results)
        }
        await server.stop()
    }
}
