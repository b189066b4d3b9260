import KindredClient
import KindredDomain
import TestSupport
import Testing

/// Each rule through the client and a server, compared with a plain statement over the raw data.
@Suite(.serialized) struct ShopClientTests {
    /// Runs `body` with a client of a server on a fixture.
    private func serving(
        bare: Bool = false, _ body: (ShopFixture, KindredClient) async throws -> Void
    ) async throws {
        let shop = try ShopFixture(bare: bare)
        let server = try await RunningServer(shop.folder)
        try await server.withClient { try await body(shop, $0) }
        await server.stop()
    }

    private func check(
        _ found: Recommendations, _ wanted: [(row: Int, score: Float)], eligible: Int? = nil,
        _ what: String, at location: SourceLocation = #_sourceLocation
    ) {
        #expect(
            found.results.map(ScoredID.init) == wanted.map(ScoredID.init), "\(what)", sourceLocation: location
        )
        if let eligible { #expect(found.eligible == UInt64(eligible), "\(what)", sourceLocation: location) }
        #expect(found.isExact && found.source == .model, "\(what)", sourceLocation: location)
    }

    @Test func filtersAndTheirValues() async throws {
        try await serving { shop, client in
            let cases: [(String, [String: AttributeValue], (Int) -> Bool)] = [
                ("price < :most", ["most": 4], { shop.prices[$0].map { $0 < 4 } ?? false }),
                ("price <= :most", ["most": 4.0], { shop.prices[$0].map { $0 <= 4 } ?? false }),
                ("brand = :brand", ["brand": "it's"], { shop.brands[$0] == "it's" }),
                ("brand = '☕' -- a comment", [:], { shop.brands[$0] == "☕" }),
                ("brand IS :none", ["none": .null], { shop.brands[$0] == nil }),
                ("brand = :none", ["none": .null], { _ in false }),
                (":tag IN tags", ["tag": "gift"], { shop.tags[$0].contains("gift") }),
                ("brand <> 'x'' OR 1 --'", [:], { shop.brands[$0] != nil }),
            ]
            for (text, values, passes) in cases {
                var options = RecommendOptions()
                options.rules.filter = text
                options.rules.parameters = values
                let count = shop.items.indices.filter(passes).count
                let wanted = shop.oracle.best(shop.users[1], k: 60, similarity: .dot, isAllowed: passes)
                check(
                    try await client.recommend(.user("u1"), k: 60, options: options), wanted, eligible: count,
                    text)
                let filter = Filter(text, parameters: FilterParameter.sorted(values))
                let passing = try await client.count(of: .items, where: filter)
                #expect(passing.passing == UInt64(count) && passing.rows == 60, "\(text)")
                var score = ScoreOptions()
                score.filter = filter
                let ids = shop.items.indices.map(ShopFixture.item)
                let scores = try await client.score(.user("u1"), candidates: ids + ["none"], options: score)
                    .scores
                let all = shop.oracle.best(shop.users[1], k: 60, similarity: .dot)
                for row in shop.items.indices {
                    #expect(
                        scores[row] == (passes(row) ? all.first { $0.row == row }!.score : nil), "\(text)")
                }
                #expect(scores.last! == nil)
            }
        }
    }

    @Test func theOrderOfRows() async throws {
        try await serving { shop, client in
            var statement = RulesOracle(shop.oracle)
            let gifts = Set(shop.items.indices.filter { shop.tags[$0].contains("gift") })
            statement.boosts = [.init(.multiply(1.5), rows: gifts), .init(.add(-0.25), rows: gifts)]
            let brands = ["acme", "it's", "☕"]
            statement.caps = [
                .init(groups: shop.brands.map { $0.map { [brands.firstIndex(of: $0)!] } ?? [] }, most: 4)
            ]
            var options = RecommendOptions()
            options.rules.boosts = [
                BoostRule(where: "'gift' IN tags", .multiply(1.5)),
                BoostRule(where: ":tag IN tags", .add(-0.25)),
            ]
            options.rules.parameters = ["tag": "gift"]
            options.rules.caps = [GroupCap("brand", atMost: 4)]
            for weight in [nil, 0, 0.6] {
                for offset in [0, 5] {
                    statement.diversity = weight.map { Diversity(weight: $0, pool: 20) }
                    options.rules.diversity = statement.diversity
                    (statement.offset, options.rules.offset) = (offset, offset)
                    statement.k = 9
                    let wanted = statement.answer(
                        shop.users[2], similarity: .dot, minimumScore: -.infinity, isEligible: { _ in true })
                    check(
                        try await client.recommend(.user("u2"), k: 9, options: options), wanted, eligible: 60,
                        "diversity \(String(describing: weight)), offset \(offset)")
                }
            }
        }
    }

    @Test func blendsAndClicks() async throws {
        try await serving { shop, client in
            let given: [Float] = (0..<ShopFixture.dimension).map { Float($0) - 3 }
            let blend: [BlendMember] = [
                .item("i07", weight: -0.5), .user("u4", weight: 2), .vector(given, weight: 0.25), .user("u1"),
            ]
            let parts: [([Float], Double)] = [
                (shop.users[1], 1), (shop.users[4], 2), (shop.items[7], -0.5), (given, 0.25),
            ]
            let total = parts.reduce(0) { $0 + abs($1.1) }
            let mean = (0..<ShopFixture.dimension).map { element in
                Float(parts.reduce(0.0) { $0 + $1.1 * Double($1.0[element]) } / total)
            }
            check(
                try await client.recommend(.blend(blend), k: 60),
                shop.oracle.best(mean, k: 60, similarity: .dot) { $0 != 7 }, eligible: 59, "blend")
            let training = FoldInOracle(
                rows: shop.items, alpha: shop.parameters.alpha, lambda: shop.parameters.lambda)
            for clicks in [[(7, Float(2)), (3, 1)], [(9, 0.5)], (0..<20).map { ($0, Float(1)) }] {
                let vector = training.folded(clicks.map { (row: $0.0, weight: $0.1) })!.map { Float($0) }
                let members = clicks.map { BasketMember(ShopFixture.item($0.0), weight: $0.1) }
                let own = Set(clicks.map(\.0))
                check(
                    try await client.recommend(.clicks(members), k: 60),
                    shop.oracle.best(vector, k: 60, similarity: .dot) { !own.contains($0) },
                    eligible: 60 - own.count, "\(clicks.count) clicks")
            }
        }
    }

    @Test func seenItemsAndReasons() async throws {
        try await serving { shop, client in
            var options = RecommendOptions()
            options.rules.excludesSeen = true
            options.rules.wantsBecause = true
            for (user, seen) in shop.seen.enumerated() {
                let found = try await client.recommend(.user(ShopFixture.user(user)), k: 60, options: options)
                let wanted = shop.oracle.best(shop.users[user], k: 60, similarity: .dot) {
                    !seen.contains($0)
                }
                check(found, wanted, eligible: 60 - seen.count, "user \(user)")
                #expect(found.results.map(\.because) == wanted.map { shop.nearest(to: $0.row, among: seen) })
            }
            options.rules.excludesSeen = false
            let found = try await client.recommend(
                .basket([BasketMember("i07"), BasketMember("i09")]), k: 9, options: options)
            let rows = found.results.map { Int($0.id.description.dropFirst())! }
            #expect(found.results.map(\.because) == rows.map { shop.nearest(to: $0, among: [7, 9]) })
        }
    }

    @Test func unknownIDs() async throws {
        try await serving { shop, client in
            let popular = shop.items.indices.sorted {
                let (a, b) = (shop.orders[$0] ?? -1, shop.orders[$1] ?? -1)
                return a > b || a == b && $0 < $1
            }
            var options = RecommendOptions()
            let queries: [(Query, Int)] = [
                (.user("x"), 1), (.item("x"), 1), (.basket([BasketMember("x")]), 1),
                (.clicks([BasketMember("x"), BasketMember("y")]), 2), (.blend([.user("x"), .item("y")]), 2),
                // Of what has a weight, nothing is known.
                (.basket([BasketMember("x"), BasketMember("i07", weight: 0)]), 1),
                (.blend([.item("x"), .item("i07", weight: 0)]), 1),
            ]
            for (query, count) in queries {
                let error = await #expect(throws: KindredError.self) { try await client.recommend(query) }
                #expect(error?.name == "UNKNOWN_ID")
                options.unknownIDs = .skip
                let none = try await client.recommend(query, options: options)
                #expect(none.results.isEmpty && none.unknownIDs == count && none.source == .model)
                options.unknownIDs = .fallback
                let found = try await client.recommend(query, k: 60, options: options)
                #expect(found.results.map(\.id) == popular.map(ShopFixture.item) && found.source == .popular)
                #expect(
                    found.results.prefix(3).map(\.score)
                        == popular.prefix(3).map { Float(shop.orders[$0] ?? 0) })
                #expect(found.unknownIDs == count && found.eligible == 60)
            }
            options.unknownIDs = .skip
            let known = try await client.recommend(.basket([BasketMember("i07")]))
            let rest = try await client.recommend(
                .basket([BasketMember("x", weight: 9), BasketMember("i07")]), options: options)
            #expect(rest.results == known.results && rest.unknownIDs == 1)
            var score = ScoreOptions()
            score.skipsUnknownIDs = true
            #expect(try await client.score(.user("x"), candidates: ["i07"], options: score).scores == [nil])
        }
    }

    /// Each query of a batch has excluded ids and candidates of its own.
    @Test func listsOfEachQuery() async throws {
        try await serving { shop, client in
            let queries = shop.users.indices.map { Query.user(ShopFixture.user($0)) }
            var options = RecommendOptions()
            for candidates in [false, true] {
                options.queryExclude = queries.indices.map { user in
                    (0..<7 * (user % 3)).map { ShopFixture.item((5 * user + $0) % 60) } + ["none"]
                }
                options.queryCandidates = []
                if candidates {
                    options.queryCandidates = queries.indices.map { user in
                        (0...4 * user).map { ShopFixture.item((3 * $0 + user) % 60) }
                    }
                }
                let answers = try await client.recommendBatch(queries, k: 60, options: options)
                for (user, answer) in answers.enumerated() {
                    let excluded = Set(options.queryExclude[user])
                    let allowed = candidates ? Set(options.queryCandidates[user]) : nil
                    func isEligible(_ row: Int) -> Bool {
                        let id = ShopFixture.item(row)
                        return !excluded.contains(id) && allowed?.contains(id) ?? true
                    }
                    check(
                        try answer.get(),
                        shop.oracle.best(
                            shop.users[user], k: 60, similarity: .dot, isAllowed: isEligible),
                        eligible: shop.items.indices.count(where: isEligible), "user \(user)")
                }
            }
            // Lists for each query beside one list for all: of exclusions and candidates, one may be of either form.
            options.queryExclude = []
            options.exclude = [ShopFixture.item(6)]
            let answers = try await client.recommendBatch(queries, k: 60, options: options)
            for (user, answer) in answers.enumerated() {
                let allowed = Set(options.queryCandidates[user]).subtracting(options.exclude)
                let wanted = shop.oracle.best(shop.users[user], k: 60, similarity: .dot) {
                    allowed.contains(ShopFixture.item($0))
                }
                check(try answer.get(), wanted, eligible: allowed.count, "user \(user)")
            }
        }
    }

    @Test func listsOfEachQueryAreOneForEach() async throws {
        try await serving { shop, client in
            let queries = [Query.user("u1"), .user("u2"), .user("u3")]
            let cases: [(String, (inout RecommendOptions) -> Void)] = [
                ("lists in queryExclude: 1, expected 3, one for each query", { $0.queryExclude = [["i07"]] }),
                (
                    "lists in queryCandidates: 4, expected 3, one for each query",
                    { $0.queryCandidates = Array(repeating: ["i07"], count: 4) }
                ),
                (
                    "exclude beside queryExclude: one of them",
                    {
                        $0.exclude = ["i07"]
                        $0.queryExclude = [[], [], []]
                    }
                ),
                (
                    "candidates beside queryCandidates: one of them",
                    {
                        $0.candidates = []
                        $0.queryCandidates = [["i07"], ["i07"], ["i07"]]
                    }
                ),
            ]
            for (message, change) in cases {
                var options = RecommendOptions()
                change(&options)
                let error = await #expect(throws: KindredError.self) {
                    try await client.recommendBatch(queries, options: options)
                }
                #expect(error?.name == "INVALID_ARGUMENT" && error?.message == message)
            }
            // A query whose list has no id that the model has fails alone.
            var options = RecommendOptions()
            options.queryCandidates = [["i07"], ["none"], ["i09", "i07"]]
            let answers = try await client.recommendBatch(queries, options: options)
            #expect(try answers[0].get().results.map(\.id) == ["i07"])
            #expect(throws: KindredError.self) { try answers[1].get() }
            #expect(try Set(answers[2].get().results.map(\.id)) == ["i07", "i09"])
        }
    }

    @Test func rowsOnceInARequest() async throws {
        try await serving { shop, client in
            var options = RecommendOptions()
            options.rules.isDistinct = true
            let answers = try await client.recommendBatch(
                shop.users.indices.map { .user(ShopFixture.user($0)) }, k: 7, options: options)
            var taken: Set<Int> = []
            for (user, answer) in answers.enumerated() {
                let wanted = shop.oracle.best(shop.users[user], k: 7, similarity: .dot) {
                    !taken.contains($0)
                }
                let found = try answer.get()
                check(found, wanted, eligible: 60 - taken.count, "user \(user)")
                #expect(found.taken == UInt64(taken.count))
                taken.formUnion(wanted.map(\.row))
            }
        }
    }
}
