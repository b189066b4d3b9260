import KindredClient
import KindredDomain
import KindredServer
import TestSupport
import Testing

/// Filters that a server keeps: which are evaluated, and how much memory they take.
@Suite(.serialized) struct FilterCacheTests {
    private static func options(
        _ filter: String, _ parameters: [String: AttributeValue] = [:]
    ) -> RecommendOptions {
        var options = RecommendOptions()
        options.rules.filter = filter
        options.rules.parameters = parameters
        return options
    }

    /// A filter that was asked with the same values is evaluated once, whichever request asked it. Without a cache
    /// every request evaluates it.
    @Test(arguments: [0, 1]) func aFilterIsEvaluatedOnce(mebibytes: Int) async throws {
        var generator = SeededGenerator.announced()
        let shop = ShopVersion(using: &generator)
        let folder = try TemporaryFolder()
        try folder.pack(shop)
        let server = try await RunningServer(folder, answerCacheMebibytes: 0) {
            $0.filterCacheMebibytes = mebibytes
        }
        let passing = shop.prices.count { $0 < 40 }
        try await server.withClient(connections: 3) { client in
            for number in 0..<6 {
                let options = Self.options("price < :most", ["most": .integer(40)])
                let answer = try await client.recommend(.vector(shop.users[number]), k: 5, options: options)
                #expect(answer.eligible == UInt64(passing))
                #expect(answer.results.allSatisfy { shop.prices[Self.row($0.id)] < 40 })
            }
            let filter = Filter("price < :most", parameters: [FilterParameter("most", .integer(40))])
            let count = try await client.count(of: .items, where: filter)
            #expect(count.passing == UInt64(passing) && count.isKept == (mebibytes > 0))
            var scoring = ScoreOptions()
            scoring.filter = filter
            let ids = shop.items.indices.map(ShopVersion.id)
            let scores = try await client.score(.vector(shop.users[0]), candidates: ids, options: scoring)
            #expect(scores.scores.map { $0 != nil } == shop.prices.map { $0 < 40 })
            // Another value is another filter; 40.0 is not 40.
            for most in [.integer(41), .real(40)] as [AttributeValue] {
                _ = try await client.recommend(
                    .vector(shop.users[0]), k: 5, options: Self.options("price < :most", ["most": most]))
            }
            // One evaluation for each kind that is asked for.
            let users = try await client.recommendBatch(
                shop.items.indices.prefix(40).map { .item(ShopVersion.id($0)) }, k: 3,
                options: Self.options("kind <> seed.kind"))
            for (row, answer) in users.enumerated() {
                #expect(
                    try answer.get().results.allSatisfy { shop.kinds[Self.row($0.id)] != shop.kinds[row] })
            }
            let kindCount = UInt64(Set(shop.kinds.prefix(40)).count)
            let stats = try await client.stats()
            #expect(stats["filters_evaluated_total"] == (mebibytes > 0 ? 3 + kindCount : 8 + 2 + 40))
            #expect(stats["filters_kept_total"] == (mebibytes > 0 ? 7 + 40 - kindCount : 0))
            #expect((stats["filter_bytes_kept"] ?? 0 > 0) == (mebibytes > 0))
        }
        await server.stop()
    }

    private static func row(_ id: ExternalID) -> Int {
        guard case .number(let number) = id else { return -1 }
        return Int(number) / 3
    }

    /// Thousands of filters stay within the bound, and what was kept is right.
    @Test func memoryIsBounded() async throws {
        var generator = SeededGenerator.announced()
        let shop = ShopVersion(using: &generator)
        let folder = try TemporaryFolder()
        try folder.pack(shop)
        let server = try await RunningServer(folder, answerCacheMebibytes: 0) { $0.filterCacheMebibytes = 1 }
        let filterCount = isOptimised ? 6_000 : 4_000
        try await server.withClient(connections: 2) { (client: KindredClient) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        for number in stride(from: worker, to: filterCount, by: 4) {
                            let most = Double(number) / Double(filterCount) * 100
                            let filter = Filter(
                                "price < :most", parameters: [FilterParameter("most", .real(most))])
                            let count = try await client.count(of: .items, where: filter)
                            #expect(count.passing == UInt64(shop.prices.count { Double($0) < most }))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let stats = try await client.stats()
            #expect(stats["filters_evaluated_total"] == UInt64(filterCount))
            #expect(stats["filter_bytes_kept"]! <= 1 << 20)
            // Full, or nearly: the masks of all filters would not fit.
            #expect(stats["filter_bytes_kept"]! > 1 << 19)
        }
        await server.stop()
    }

    /// Another version has other rows, so its filters are its own, and those of a version that is gone are freed.
    @Test(.timeLimit(.minutes(2))) func eachVersionHasItsOwn() async throws {
        var generator = SeededGenerator.announced()
        let shops = [ShopVersion(using: &generator), ShopVersion(using: &generator)]
        let folder = try TemporaryFolder()
        try folder.pack(shops[0])
        let server = try await RunningServer(folder)
        let filter = Filter("price < 30")
        try await server.withClient { client in
            func passing(_ shop: ShopVersion) -> UInt64 { UInt64(shop.prices.count { $0 < 30 }) }
            for isKept in [false, true] {
                let count = try await client.count(of: .items, where: filter)
                #expect(count.passing == passing(shops[0]) && count.isKept == isKept)
            }
            try folder.pack(shops[1])
            while try await client.models()[0].active != 2 {}
            for isKept in [false, true] {
                let count = try await client.count(of: .items, where: filter)
                #expect(count.passing == passing(shops[1]) && count.isKept == isKept && count.version == 2)
            }
        }
        await server.stop()
    }

    /// Further scans of caps are counted, and a filter of many terms at the greatest depth is answered.
    @Test func furtherScansAndLargeFilters() async throws {
        var generator = SeededGenerator.announced()
        let shop = ShopVersion(using: &generator)
        let folder = try TemporaryFolder()
        try folder.pack(shop)
        let server = try await RunningServer(folder, answerCacheMebibytes: 0)
        try await server.withClient { client in
            var capped = RecommendOptions()
            // Few of the users' best rows have three of each of the four kinds.
            capped.rules.caps = [GroupCap("kind", atMost: 3)]
            for user in shop.users {
                let answer = try await client.recommend(.vector(user), k: 12, options: capped)
                #expect(answer.results.count == 12)
            }
            #expect(try await client.stats()["further_scans_total"]! > 0)
            let terms = (0..<1_000).map { "price = \($0 % 2 == 0 ? $0 / 20 : 1_000 + $0)" }
            let wide = Filter(terms.joined(separator: " OR "))
            let passing = UInt64(shop.prices.count { $0 < 50 })
            #expect(try await client.count(of: .items, where: wide).passing == passing)
            let depth = Int(Limits.standard.filterDepthMax) - 1
            let deep = String(repeating: "(", count: depth) + "price" + String(repeating: ")", count: depth)
            #expect(
                try await client.count(of: .items, where: Filter(deep)).passing
                    == UInt64(shop.prices.count { $0 != 0 }))
            let nots = Filter(String(repeating: "NOT ", count: depth - 1) + "price = 1")
            let isEven = depth % 2 == 1
            #expect(
                try await client.count(of: .items, where: nots).passing
                    == UInt64(shop.prices.count { ($0 == 1) == isEven }))
        }
        await server.stop()
    }
}
