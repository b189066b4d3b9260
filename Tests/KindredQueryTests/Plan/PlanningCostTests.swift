import KindredDomain
import KindredQuery
import TestSupport
import Testing

/// What a request may hold and do, at the edges of its limits, and its cost before the first step.
@Suite struct PlanningCostTests {
    private static let rowCount = 640

    private func generation() throws -> Generation {
        let rows = (0..<Self.rowCount).map { [Float($0), 1] }
        let price = CatalogColumn(
            name: "price", values: .integers((0..<Int64(Self.rowCount)).map { $0 }),
            present: Bitmap(count: Self.rowCount, repeating: true), declaration: ColumnDeclaration(.integer))
        let catalog = CatalogColumns(columns: [price], idsWithoutVector: 0, rowsWithoutEntry: 0)
        return try Generation.sample(
            items: rows, users: rows, metric: .dot, itemCatalog: catalog,
            seen: rows.indices.map { [UInt32($0)] }, filterCacheByteCount: 1 << 20)
    }

    private func request(queries: Int, k: UInt32 = 10, _ rules: RecommendRules?) -> RecommendRequest {
        let ids = (0..<UInt64(queries)).map { $0 % UInt64(Self.rowCount) * 3 }
        var request = RecommendRequest(
            scope: QueryScope(queries: .items(.numbers(ids)), target: .items), k: k)
        request.rules = rules
        return request
    }

    private func rules(_ change: (inout RecommendRules) -> Void) -> RecommendRules {
        var rules = RecommendRules()
        change(&rules)
        return rules
    }

    @Test func rankedRowsHaveALimit() throws {
        let generation = try generation()
        var limits = Limits.standard
        limits.rankedRowsPerRequestMax = 4_000
        let offset = rules { $0.offset = 90 }
        _ = try RecommendPlanner(
            request: request(queries: 40, offset), generation: generation, limits: limits)
        let failure = RequestFailure.limitExceeded(.rankedRows, found: 4_100, limit: 4_000)
        #expect(throws: failure) {
            try RecommendPlanner(
                request: request(queries: 41, offset), generation: generation, limits: limits)
        }
        let pool = rules { $0.diversity = Diversity(weight: 0.5, pool: 2_000) }
        _ = try RecommendPlanner(request: request(queries: 2, pool), generation: generation, limits: limits)
        #expect(throws: RequestFailure.limitExceeded(.rankedRows, found: 6_000, limit: 4_000)) {
            try RecommendPlanner(request: request(queries: 3, pool), generation: generation, limits: limits)
        }
        // All queries that a request may have, with the largest pool.
        let most = Int(Limits.standard.queriesPerBatchMax)
        _ = try RecommendPlanner(request: request(queries: most, pool), generation: generation)
    }

    /// A filter that differs from query to query has a mask for each. Equal masks count once.
    @Test func masksOfQueriesHaveALimit() throws {
        let generation = try generation()
        // Blocks of 16 rows, two bytes each, and what the heap takes.
        let maskByteCount = Self.rowCount / 16 * 2 + 96
        var limits = Limits.standard
        limits.maskBytesPerRequestMax = UInt32(5 * maskByteCount)
        func failures(_ filter: String, queries: Int) throws -> [RequestFailure?] {
            let planner = try RecommendPlanner(
                request: request(queries: queries, rules { $0.filter = filter }), generation: generation,
                limits: limits)
            while true {
                guard case .done(let plan) = try planner.step(idCount: 3) else { continue }
                var failures: [RequestFailure?] = Array(repeating: nil, count: queries)
                for other in plan.others {
                    if case .failure(let failure) = other.kind { failures[other.query] = failure }
                }
                return failures
            }
        }
        #expect(try failures("price <> seed.price", queries: 5).allSatisfy { $0 == nil })
        let found = try failures("price <> seed.price", queries: 6)
        #expect(found.prefix(5).allSatisfy { $0 == nil })
        let limit = UInt64(limits.maskBytesPerRequestMax)
        #expect(found[5] == .limitExceeded(.maskBytes, found: limit + UInt64(maskByteCount), limit: limit))
        #expect(try failures("price < 5 + 0 * seed.price", queries: 5).allSatisfy { $0 == nil })
    }

    @Test func rulesCostMoreThanNone() throws {
        let generation = try generation()
        func cost(_ queries: Int, _ rules: RecommendRules?) throws -> PlanningCost {
            try RecommendPlanner(request: request(queries: queries, rules), generation: generation).cost
        }
        let plain = try cost(32, nil)
        #expect(plain.lookups == 32 && plain.fetchCountMax == 10)
        #expect(plain.rankedRows == 0 && plain.byteCount == 16 * 32 * 10)
        let filtered = try cost(32, rules { $0.filter = "price < 3" })
        #expect(filtered.lookups > plain.lookups)
        let own = try cost(32, rules { $0.filter = "price < seed.price" })
        #expect(own.lookups - plain.lookups > 15 * (filtered.lookups - plain.lookups))
        #expect(own.byteCount > filtered.byteCount)
        #expect(try cost(32, rules { $0.caps = [GroupCap("price", atMost: 1)] }).lookups > plain.lookups)
        let pool = try cost(32, rules { $0.diversity = Diversity(weight: 1, pool: 500) })
        #expect(pool.fetchCountMax == 500 && pool.rankedRows == 32 * 500 && pool.byteCount == 16 * 32 * 500)
        #expect(try cost(1, rules { $0.offset = 990 }).fetchCountMax == Self.rowCount)
        #expect(try cost(32, rules { $0.excludesSeen = true }).byteCount > 8 * 32 * 10)
        #expect(try cost(32, rules { $0.wantsBecause = true }).rankedRows > 320)
    }

    /// The scans of a request whose queries share no row find few rows for each, however many queries it has.
    @Test func distinctQueriesFetchABoundedNumber() throws {
        let stage = try RankStage(
            k: 97, offset: 0, caps: [], diversity: Diversity(weight: 0.5, pool: 2_000), isDistinct: true)
        #expect(stage.fetchCount(ofQuery: 1) == 2_097)
        #expect(stage.fetchCount(ofQuery: 1_000) == 4_096)
        let wide = try RankStage(k: 1_000, offset: 0, caps: [], isDistinct: true)
        #expect(wide.fetchCount(ofQuery: 3) == 4_000 && wide.fetchCount(ofQuery: 4) == 4_096)
    }

    /// Groups of few columns are kept, those that were used last.
    @Test func groupsOfFewColumnsAreKept() throws {
        let count = Limits.groupColumnsKeptMax + 3
        let rows = (0..<20).map { [Float($0 + 1)] }
        let columns = (0..<count).map { number in
            CatalogColumn(
                name: "c\(number)", values: .integers((0..<20).map { Int64($0 % (number + 1)) }),
                present: Bitmap(count: 20, repeating: true), declaration: ColumnDeclaration(.integer))
        }
        let generation = try Generation.sample(
            items: rows, metric: .dot,
            itemCatalog: CatalogColumns(columns: columns, idsWithoutVector: 0, rowsWithoutEntry: 0))
        var generator = SeededGenerator.announced()
        for number in Array(0..<count) + [0, count - 1] {
            var request = request(queries: 1, k: 20, rules { $0.caps = [GroupCap("c\(number)", atMost: 1)] })
            request.includesMembers = true
            let response = try answer(request, generation, using: &generator)
            #expect(response.offsets == [0, UInt32(number + 1)], "a row of each of \(number + 1) groups")
        }
        #expect(generation.items?.groups.count == Limits.groupColumnsKeptMax)
    }
}
