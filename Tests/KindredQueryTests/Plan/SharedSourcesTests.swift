import KindredDomain
import KindredQuery
import TestSupport
import Testing

/// Queries of a request whose filters keep the same rows share one source, within a bound on memory.
@Suite struct SharedSourcesTests {
    private static let rowCount = 6_400

    private func generation() throws -> Generation {
        let rows = (0..<Self.rowCount).map { [Float($0 % 97), 1] }
        let price = CatalogColumn(
            name: "price", values: .integers((0..<Int64(Self.rowCount)).map { $0 }),
            present: Bitmap(count: Self.rowCount, repeating: true), declaration: ColumnDeclaration(.integer))
        return try Generation.sample(
            items: rows, metric: .dot,
            itemCatalog: CatalogColumns(columns: [price], idsWithoutVector: 0, rowsWithoutEntry: 0),
            filterCacheByteCount: 1 << 20)
    }

    private func request(_ filters: [String], _ change: (inout RecommendRequest) -> Void = { _ in })
        -> RecommendRequest
    {
        let ids = filters.indices.map { UInt64($0) * 3 }
        var request = RecommendRequest(
            scope: QueryScope(queries: .items(.numbers(ids)), target: .items), k: 10)
        var rules = RecommendRules()
        if Set(filters).count > 1 { rules.queryFilters = filters } else { rules.filter = filters[0] }
        request.rules = rules
        change(&request)
        return request
    }

    private func plan(
        _ request: RecommendRequest, _ generation: Generation, limits: Limits = .standard
    ) throws -> RecommendPlan {
        let planner = try RecommendPlanner(request: request, generation: generation, limits: limits)
        while true { if case .done(let plan) = try planner.step(idCount: 64) { return plan } }
    }

    private func listCount(_ plan: RecommendPlan) -> Int {
        Set(plan.queries.compactMap { $0.eligibility.list.map { ObjectIdentifier($0) } }).count
    }

    @Test func equalFiltersOfQueriesHaveOneList() throws {
        let generation = try generation()
        let filters = (0..<60).map { "price < \(4 + $0 % 3)" }
        let plan = try plan(request(filters), generation)
        #expect(plan.queries.allSatisfy { $0.eligibility.list != nil })
        #expect(listCount(plan) == 3)
        for (index, query) in plan.queries.enumerated() {
            let bound = 4 + index % 3
            // An item's own row is not in its answer.
            #expect(query.eligibility.count == (index < bound ? bound - 1 : bound))
            #expect(query.eligibility.list?.rows.sorted() == (0..<UInt32(bound)).map { $0 })
        }
    }

    @Test func equalMasksOfSeedsHaveOneList() throws {
        let generation = try generation()
        let same = Array(repeating: "price < 6 + 0 * seed.price", count: 20)
        // Each query has other values, and so another mask.
        #expect(listCount(try plan(request(same), generation)) == 20)
        let ids = Array(repeating: UInt64(9), count: 20)
        let equal = request(same) {
            $0.scope = QueryScope(queries: .items(.numbers(ids)), target: .items)
        }
        #expect(listCount(try plan(equal, generation)) == 1)
    }

    /// Where lists would take more than the limit, filters are scanned by their masks, and the answers are the same.
    @Test func listsBeyondTheLimitAreMasks() throws {
        let generation = try generation()
        var generator = SeededGenerator.announced()
        let filters = (0..<40).map { "price < \(150 + $0)" }
        let request = request(filters)
        #expect(listCount(try plan(request, generation)) == 40)
        var limits = Limits.standard
        // 512 slots and 150 rows are 2,648 bytes. The 40 masks have room.
        limits.maskBytesPerRequestMax = 14 * 2_700
        let few = try plan(request, generation, limits: limits)
        #expect(listCount(few) == 14)
        #expect(few.queries.count { $0.eligibility.mask != nil } == 26)
        let wanted = try answer(request, generation, using: &generator)
        let batch = ScanBatch(generation: generation, target: few.side, queries: few.queries)
        let found = runScan(batch, workerCount: 1, using: &generator)
        var response = RecommendAnswer(plan: few, found: found[...])
        guard case .done(let bounded) = response.step(resultCount: 10_000) else {
            Issue.record("the answer needs one step")
            return
        }
        #expect(bounded.ids == wanted.ids && bounded.scores == wanted.scores)
        #expect(bounded.outcomes.map(\.rowsEligible) == wanted.outcomes.map(\.rowsEligible))
    }

    /// Candidates that all queries have pass each filter once. Beyond the limit a query is refused.
    @Test func sharedCandidatesPassEachFilterOnce() throws {
        let generation = try generation()
        let filters = (0..<60).map { "price < \(180 + $0 % 4)" }
        let candidates = RaggedIDs(shared: .numbers((0..<300).map { UInt64($0) * 3 }))
        let exclusions = RaggedIDs(shared: .numbers((40..<140).map { UInt64($0) * 3 }))
        let request = request(filters) {
            $0.candidates = candidates
            $0.exclusions = exclusions
        }
        let all = try plan(request, generation)
        #expect(Set(all.queries.map { source($0.eligibility) }).count == 4)
        for (index, query) in all.queries.enumerated() {
            // An item's own row is not in its answer.
            #expect(query.eligibility.count == 80 + index % 4 - (index < 40 ? 1 : 0))
        }
        var limits = Limits.standard
        // The four masks have room, and one list.
        limits.maskBytesPerRequestMax = 4_000
        let few = try plan(request, generation, limits: limits)
        #expect(few.queries.count == 15)
        for other in few.others {
            guard case .failure(.limitExceeded(.maskBytes, _, limit: 4_000)) = other.kind else {
                Issue.record("another failure of query \(other.query)")
                continue
            }
        }
    }

    private func source(_ eligibility: Eligibility) -> ObjectIdentifier? {
        eligibility.list.map { ObjectIdentifier($0) } ?? eligibility.mask.map { ObjectIdentifier($0) }
    }

    /// The list of a filter's rows is made in steps.
    @Test func longListsAreMadeInSteps() throws {
        let generation = try generation()
        let request = request(["price < 190"])
        // Its mask is kept.
        _ = try plan(request, generation)
        let planner = try RecommendPlanner(request: request, generation: generation)
        var stepCount = 0
        while true {
            stepCount += 1
            guard case .done(let plan) = try planner.step(idCount: 1) else { continue }
            #expect(plan.queries[0].eligibility.list?.count == 190)
            break
        }
        // Seven reads of 1,024 rows.
        #expect(stepCount >= 7)
    }

    @Test func listsAreInTheCost() throws {
        let generation = try generation()
        func cost(_ filters: [String]) throws -> PlanningCost {
            try RecommendPlanner(request: request(filters), generation: generation).cost
        }
        let one = try cost(["price < 7", "price < 7", "price < 6"])
        let many = try cost((0..<30).map { "price < \($0 + 5)" })
        // A 32nd of the rows: 200, in 512 slots.
        let listByteCount = (200 + 512) * 4
        #expect(many.byteCount - one.byteCount >= 28 * listByteCount)
        #expect(many.lookups > one.lookups + 28 * 200 / 8)
        let seeds = try cost(Array(repeating: "price < seed.price", count: 16))
        #expect(seeds.byteCount >= 16 * listByteCount)
    }
}
