import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// What requests hold and compare is in their cost and in the size of their replies.
@Suite struct HeldBytesTests {
    private func generation(rowCount: Int = 300, dimension: Int) throws -> Generation {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: rowCount, dimension: dimension, using: &generator)
        let foldIn = try FoldInParameters(alpha: 2, lambda: 1)
        return try Generation.sample(
            items: rows, users: rows, metric: .dot,
            seen: rows.indices.map { row in (0..<UInt32(row % 2 == 0 ? 2 : 102)).map { $0 } }, foldIn: foldIn)
    }

    private func request(_ queries: QueryBatch, k: UInt32 = 10, because: Bool = false) -> RecommendRequest {
        var request = RecommendRequest(scope: QueryScope(queries: queries, target: .items), k: k)
        if because {
            request.rules = RecommendRules()
            request.rules?.wantsBecause = true
        }
        return request
    }

    private func cost(_ request: RecommendRequest, _ generation: Generation) throws -> PlanningCost {
        try RecommendPlanner(request: request, generation: generation).cost
    }

    /// In the space of items, and in that of dimensions, which needs no products.
    @Test(arguments: [(4, 20), (10, 20), (11, 20), (150, 20), (3, 64), (80, 65)])
    func foldInMemoryIsInTheCost(itemCount: Int, dimension: Int) throws {
        let generation = try generation(dimension: dimension)
        let clicks: [[(row: Int, weight: Float)]] = [
            [(7, 1)], (0..<itemCount).map { ($0, 1) },
        ]
        let lists = WeightedLists.rows(clicks.map { $0.map { ($0.row, $0.weight) } })
        var planner = try FoldInPlanner(
            clicks: lists, generation: generation, factors: generation.foldInFactors)
        for visitor in clicks.indices { _ = try planner.resolve(visitor) }
        let cost = try cost(request(.foldIns(lists)), generation)
        #expect(cost.byteCount >= planner.byteCount)
        #expect(cost.byteCount <= 2 * planner.byteCount)
        let wide = (dimension + 7) / 8 * 8
        // Vectors, the matrix and some numbers.
        if 2 * itemCount > dimension {
            #expect(planner.byteCount < 8 * (itemCount * wide + wide * (wide + 8) + 3 * itemCount + 2 * wide))
        }
    }

    @Test func reasonsAreInTheSizeOfTheReply() throws {
        var generator = SeededGenerator.announced()
        let generation = try generation(dimension: 8)
        let request = request(.items(.numbers([0, 3, 6])), because: true)
        let planner = try RecommendPlanner(request: request, generation: generation)
        guard case .done(let plan) = try planner.step(idCount: 1_000) else {
            Issue.record("the plan needs one step")
            return
        }
        let batch = ScanBatch(generation: generation, target: plan.side, queries: plan.queries)
        let found = runScan(batch, workerCount: 1, using: &generator)
        var answer = RecommendAnswer(plan: plan, found: found[...])
        while true {
            guard case .done(let response) = answer.step(resultCount: 4) else { continue }
            let because = try #require(response.because)
            #expect(because.ids.count == 30)
            #expect(
                answer.byteCount == response.ids.byteCount + 4 * response.scores.count
                    + because.ids.byteCount + because.found.count)
            return
        }
    }

    /// Baskets cost by their items, users by what they have seen, long vectors more than short ones.
    @Test func reasonsAreInTheCost() throws {
        let generation = try generation(dimension: 8)
        func rows(_ queries: QueryBatch, _ generation: Generation) throws -> Int {
            try cost(request(queries, because: true), generation).rankedRows
                - cost(request(queries), generation).rankedRows
        }
        let basket = WeightedLists.rows([(0..<100).map { (row: $0, weight: 1) }])
        #expect(try rows(.baskets(basket), generation) >= 10 * 100 / 4)
        let few = try rows(.users(.numbers((0..<20).map { UInt64($0) * 6 })), generation)
        let many = try rows(.users(.numbers((0..<20).map { UInt64($0) * 6 + 3 })), generation)
        #expect(many - few >= 20 * 10 * 100 / 4)
        let long = try self.generation(dimension: 640)
        #expect(try rows(.baskets(basket), long) >= 10 * 10 * 100 / 4)
    }

    /// A step compares few long vectors.
    @Test func stepsOfReasonsAreShortWhereVectorsAreLong() throws {
        let generation = try generation(dimension: 1_024)
        var search = ReasonSearch(
            rows: (0..<100).map { $0 }, own: .rows((100..<300).map { $0 }), table: generation.items!.table,
            metric: .dot)
        var stepCount = 1
        while true {
            guard case .working = search.step(pairCount: 1_024) else { break }
            stepCount += 1
        }
        // 20,000 pairs of 16 times the length.
        #expect(stepCount >= 20_000 * 16 / 1_024)
    }
}
