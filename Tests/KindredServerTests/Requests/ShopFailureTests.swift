import KindredClient
import KindredDomain
import KindredWire
import TestSupport
import Testing

/// Rules that are refused, through the client: the status, the exact cause and a message with the value. The same
/// connection is answered afterwards.
@Suite(.serialized) struct ShopFailureTests {
    private struct Case {
        let cause: DetailCode
        let said: String
        let query: Query
        let change: (inout RecommendOptions) -> Void

        init(
            _ cause: DetailCode, _ said: String, of query: Query = .user("u1"),
            _ change: @escaping (inout RecommendOptions) -> Void = { _ in }
        ) {
            (self.cause, self.said, self.query, self.change) = (cause, said, query, change)
        }
    }

    private func check(_ cases: [Case], bare: Bool = false) async throws {
        let shop = try ShopFixture(bare: bare)
        let server = try await RunningServer(shop.folder)
        try await server.withClient { client in
            let right = try await client.recommend(.user("u1"))
            for one in cases {
                var options = RecommendOptions()
                one.change(&options)
                let error = await #expect(throws: KindredError.self, "\(one.said)") {
                    try await client.recommend(one.query, options: options)
                }
                #expect(
                    error?.name == (one.cause == .none ? "LIMIT_EXCEEDED" : "INVALID_ARGUMENT"), "\(one.said)"
                )
                #expect(error?.detail == one.cause.rawValue, "\(one.said): \(error as Any)")
                #expect(error?.message.contains(one.said) == true, "\(one.said): \(error as Any)")
                #expect(error?.isRetryable == false)
                #expect(try await client.recommend(.user("u1")).results == right.results)
            }
        }
        await server.stop()
    }

    @Test func filters() async throws {
        try await check([
            Case(.filterSyntax, "expected a value after \"<\", found end of text: price <") {
                $0.rules.filter = "price <"
            },
            Case(.filterUnsupported, "filters have no \"/\" at byte 6") { $0.rules.filter = "price / 2" },
            Case(.filterColumn, "no column \"prize\" at byte 0; did you mean \"price\"?") {
                $0.rules.filter = "prize < 5"
            },
            Case(.filterSet, "no table of values \"tagz\" at byte 9") {
                $0.rules.filter = "'new' IN tagz"
            },
            Case(.filterColumn, "at byte 13, \"tags\" is a table of values: write 'x' IN tags") {
                $0.rules.filter = "price < 5 OR tags = 'new'"
            },
            Case(.filterSet, "at byte 9, \"brand\" is a column, not a table of values: write brand = 'x'") {
                $0.rules.filter = "'new' IN brand"
            },
            Case(.filterSyntax, "the filter is empty: expected a condition, such as price < 5, or no filter")
            {
                $0.rules.filter = " -- nothing"
            },
            Case(.filterSeed, "a seed. column needs a query for an item or a user at byte 8", of: .vector) {
                $0.rules.filter = "brand = seed.brand"
            },
            Case(.parameterMissing, "no value for :most at byte 8; bound: mast (a real): price < :most") {
                $0.rules.filter = "price < :most"
                $0.rules.parameters = ["mast": 1.5]
            },
            Case(.parameterUnused, "a text is bound to :x, which is not in the filter; it has :most") {
                $0.rules.filter = "price < :most"
                $0.rules.parameters = ["most": 1, "x": "1"]
            },
            Case(.parameterNotANumber, "the value of :most is NaN: a number, or NULL") {
                $0.rules.filter = "price < :most"
                $0.rules.parameters = ["most": .real(.nan)]
            },
            Case(.parameterName, "':most' is no name of a value") {
                $0.rules.filter = "price < :most"
                $0.rules.parameters = [":most": 1]
            },
            Case(.none, "nesting of a filter: 65, at most 64") {
                $0.rules.filter = String(repeating: "(", count: 65) + "1" + String(repeating: ")", count: 65)
            },
            Case(.none, "bytes of a filter: 16385, at most 16384") {
                $0.rules.filter = "1" + String(repeating: " ", count: 16_384)
            },
        ])
    }

    @Test func boostsCapsAndDiversity() async throws {
        let boost = BoostRule(where: "TRUE", .add(1))
        try await check([
            Case(.none, "boosts: 9, at most 8") { $0.rules.boosts = Array(repeating: boost, count: 9) },
            Case(.boostValue, "the second boost multiplies by 0.0: a number above 0") {
                $0.rules.boosts = [boost, BoostRule(where: "TRUE", .multiply(0))]
            },
            Case(.boostValue, "has the value nan: a finite number") {
                $0.rules.boosts = [BoostRule(where: "TRUE", .add(.nan))]
            },
            Case(.boostedScore, "beyond the range of float32") {
                $0.rules.boosts = [BoostRule(where: "TRUE", .add(1e300))]
            },
            Case(.capIsZero, "the first cap is 0 results: at least 1") {
                $0.rules.caps = [GroupCap("brand", atMost: 0)]
            },
            Case(.unknownColumn, "unknown column 'brnd'") { $0.rules.caps = [GroupCap("brnd", atMost: 1)] },
            Case(.none, "caps: 5, at most 4") {
                $0.rules.caps = Array(repeating: GroupCap("brand", atMost: 1), count: 5)
            },
            Case(.diversityRange, "diversity is 1.5: 0 to 1") { $0.rules.diversity = Diversity(weight: 1.5) },
            Case(.diversityRange, "diversity is nan: 0 to 1") {
                $0.rules.diversity = Diversity(weight: .nan)
            },
            Case(.none, "pool: 2001, at most 2000") {
                $0.rules.diversity = Diversity(weight: 0.5, pool: 2_001)
            },
            Case(.poolTooSmall, "a pool of 9 rows: at least 10") {
                $0.rules.diversity = Diversity(weight: 0.5, pool: 9)
            },
            Case(.none, "offset + k: 10001, at most 10000") { $0.rules.offset = 9_991 },
            Case(.none, "offset + k: 4294967305, at most 10000") { $0.rules.offset = .max },
            Case(.seenWithoutUser, "ask for items, by user") {
                $0.target = .users
                $0.rules.excludesSeen = true
            },
            Case(.becauseWithoutItems, "a vector has no items of its own", of: .vector) {
                $0.rules.wantsBecause = true
            },
            Case(
                .foldInWeight, "the weight of the first item is 0.0",
                of: .clicks([BasketMember("i07", weight: 0)])),
            Case(.emptyBasket, "no items to fold in: at least 1; under fallback they get", of: .clicks([])),
            Case(.emptyBasket, "the blend is empty: at least 1 user, item or vector", of: .blend([])),
        ])
    }

    /// Of several filters the message names the one that is refused.
    @Test func whichFilterIsRefused() async throws {
        try await check([
            Case(.filterSyntax, "the filter of the second boost: the filter is empty") {
                $0.rules.filter = "price < 5"
                $0.rules.boosts = [BoostRule(where: "TRUE", .add(1)), BoostRule(where: "", .add(1))]
            },
            Case(.filterColumn, "the filter of rows: no column \"prize\" at byte 0") {
                $0.rules.filter = "prize < 5"
                $0.rules.boosts = [BoostRule(where: "TRUE", .add(1))]
            },
            Case(.filterColumn, "the filter of the boost: no column \"prize\" at byte 0") {
                $0.rules.filter = "price < 5"
                $0.rules.boosts = [BoostRule(where: "prize < 5", .add(1))]
            },
        ])
        let shop = try ShopFixture()
        let server = try await RunningServer(shop.folder)
        try await server.withClient { client in
            var options = RecommendOptions()
            options.rules.queryFilters = ["price < 5", nil, "prize < 5"]
            let error = await #expect(throws: KindredError.self) {
                try await client.recommendBatch(
                    [.user("u1"), .user("u2"), .user("u3")], k: 3, options: options)
            }
            #expect(error?.message.hasPrefix("the filter of query 3 of 3: no column \"prize\"") == true)
            // One filter needs no name.
            options.rules.queryFilters = [nil, "prize < 5"]
            let alone = await #expect(throws: KindredError.self) {
                try await client.recommendBatch([.user("u1"), .user("u2")], k: 3, options: options)
            }
            #expect(alone?.message.hasPrefix("no column \"prize\"") == true)
        }
        await server.stop()
    }

    @Test func whatAVersionDoesNotHave() async throws {
        try await check(
            [
                Case(.noSeenPairs, "kindred pack --seen writes them") { $0.rules.excludesSeen = true },
                Case(.noSeenPairs, "kindred pack --seen writes them") { $0.rules.wantsBecause = true },
                Case(.noPopularity, "kindred pack --popularity or --seen writes it", of: .user("x")) {
                    $0.unknownIDs = .fallback
                },
                Case(
                    .noFoldIn, "pack it with the alpha and lambda of its training",
                    of: .clicks([BasketMember("i07")])),
            ], bare: true)
    }

    /// Refused before anything is sent.
    @Test func anOffsetBelowZero() async throws {
        let client = KindredClient(Endpoint(host: "127.0.0.1", port: 1))
        var options = RecommendOptions()
        options.rules.offset = -1
        let error = await #expect(throws: KindredError.self) {
            try await client.recommend(.user("u1"), options: options)
        }
        #expect(error?.name == "INVALID_ARGUMENT" && error?.message == "offset -1: at least 0")
        await client.close()
    }
}

extension Query {
    /// A vector of the fixture's dimension.
    fileprivate static let vector = Query.vector([Float](repeating: 1, count: ShopFixture.dimension))
}
