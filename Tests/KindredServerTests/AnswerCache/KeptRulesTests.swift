import KindredClient
import KindredDomain
import KindredServer
import TestSupport
import Testing

/// Requests with rules that are asked again, also across a switch of versions, have the answers of a server that keeps
/// neither answers nor filters.
@Suite(.serialized) struct KeptRulesTests {
    /// One request: its query with its options.
    private struct Asked: Sendable {
        let name: String
        let queries: [Query]
        var options = RecommendOptions()
    }

    /// Requests of all rules. Neighbours differ in one value only.
    private static func requests(_ shop: ShopVersion) -> [Asked] {
        func asked(
            _ name: String, _ queries: [Query], _ change: (inout RecommendOptions) -> Void = { _ in }
        ) -> Asked {
            var asked = Asked(name: name, queries: queries)
            change(&asked.options)
            return asked
        }
        let user = [Query.user(ShopVersion.id(3))]
        let item = [Query.item(ShopVersion.id(5))]
        let unknown = [Query.user(.number(1))]
        let clicks = [BasketMember(ShopVersion.id(2)), BasketMember(ShopVersion.id(9), weight: 2)]
        var requests = [asked("plain", user), asked("another user", [.user(ShopVersion.id(4))])]
        for most in [.integer(30), .integer(31), .real(30), .real(30.5), .text(Array("31".utf8)), .null]
            as [AttributeValue]
        {
            requests.append(
                asked("filter \(most)", user) {
                    $0.rules.filter = "price < :most"
                    $0.rules.parameters = ["most": most]
                })
        }
        for filter in ["kind <> seed.kind", "kind = seed.kind", "'cheap' IN tags"] {
            requests.append(asked(filter, item) { $0.rules.filter = filter })
        }
        for factor in [1.5, 1.25] {
            requests.append(
                asked("boost \(factor)", user) {
                    $0.rules.boosts = [BoostRule(where: "kind = 'mug'", .multiply(factor))]
                })
        }
        requests.append(
            asked("boost that adds", user) {
                $0.rules.boosts = [BoostRule(where: "kind = 'mug'", .add(1.5))]
            })
        for most in [1, 2] as [UInt32] {
            requests.append(asked("cap \(most)", user) { $0.rules.caps = [GroupCap("kind", atMost: most)] })
        }
        requests.append(asked("cap of tags", user) { $0.rules.caps = [GroupCap("tags", atMost: 2)] })
        for (weight, pool) in [(0.3, nil), (0.31, nil), (0.3, 40), (0.3, 41)] as [(Double, UInt32?)] {
            requests.append(
                asked("diversity \(weight) \(pool ?? 0)", user) {
                    $0.rules.diversity = Diversity(weight: weight, pool: pool)
                })
        }
        for offset in [1, 2] { requests.append(asked("offset \(offset)", user) { $0.rules.offset = offset }) }
        requests.append(asked("seen", user) { $0.rules.excludesSeen = true })
        requests.append(asked("because", user) { $0.rules.wantsBecause = true })
        requests.append(asked("two users", [user[0], .user(ShopVersion.id(4))]))
        requests.append(
            asked("two distinct users", [user[0], .user(ShopVersion.id(4))]) { $0.rules.isDistinct = true })
        requests.append(asked("unknown, skipped", unknown) { $0.unknownIDs = .skip })
        requests.append(asked("unknown, popular", unknown) { $0.unknownIDs = .fallback })
        requests.append(asked("clicks", [.clicks(clicks)]))
        requests.append(asked("basket", [.basket(clicks)]))
        for weight in [1, 0.5] as [Float] {
            requests.append(
                asked(
                    "blend \(weight)",
                    [.blend([.user(ShopVersion.id(3), weight: weight), .vector(shop.users[1])])]
                ) {
                    $0.rules.excludesSeen = true
                })
        }
        requests.append(
            asked("all", user) {
                $0.rules.filter = "price < 80"
                $0.rules.boosts = [BoostRule(where: "'cheap' IN tags", .multiply(2))]
                $0.rules.caps = [GroupCap("kind", atMost: 3)]
                $0.rules.diversity = Diversity(weight: 0.5)
                $0.rules.offset = 1
                $0.rules.excludesSeen = true
                $0.rules.wantsBecause = true
                $0.unknownIDs = .fallback
            })
        return requests
    }

    /// Everything in the answers but times.
    private static func answers(
        _ client: KindredClient, _ asked: Asked, version: UInt64
    ) async throws -> [String] {
        try await client.recommendBatch(asked.queries, k: 6, options: asked.options).map { result in
            let answer = try result.get()
            #expect(answer.version == version, "\(asked.name)")
            let rows = answer.results.map {
                "\($0.id) \($0.score.bitPattern) \($0.because?.description ?? "-")"
            }
            return
                "\(rows) \(answer.eligible) \(answer.source) \(answer.unknownIDs ?? -1) \(answer.taken ?? 0)"
        }
    }

    @Test(.timeLimit(.minutes(5))) func noAnswerOfAnEarlierVersion() async throws {
        var generator = SeededGenerator.announced()
        let shops = [ShopVersion(using: &generator), ShopVersion(using: &generator)]
        let (folder, plainFolder) = (try TemporaryFolder(), try TemporaryFolder())
        for shop in shops {
            try folder.pack(shop)
            try plainFolder.pack(shop)
        }
        let server = try await RunningServer(folder)
        let plain = try await RunningServer(plainFolder, threads: 1, answerCacheMebibytes: 0) {
            $0.filterCacheMebibytes = 0
        }
        let requests = Self.requests(shops[0])
        try await server.withClient(connections: 3) { (client: KindredClient) async throws in
            try await plain.withClient { (reference: KindredClient) async throws in
                var wanted: [[[String]]] = []
                for version in [1, 2] as [UInt64] {
                    _ = try await reference.activate(version: version)
                    var answers: [[String]] = []
                    for request in requests {
                        answers.append(try await Self.answers(reference, request, version: version))
                    }
                    wanted.append(answers)
                }
                for (index, request) in requests.enumerated() {
                    let isEmpty = wanted[0][index].allSatisfy { $0.hasPrefix("[]") }
                    #expect(
                        isEmpty || wanted[0][index] != wanted[1][index],
                        "\(request.name): the versions differ")
                }
                for round in 0..<6 {
                    let version = UInt64(round % 2 + 1)
                    _ = try await client.activate(version: version)
                    for _ in 0..<4 {
                        for (index, request) in requests.enumerated() {
                            let found = try await Self.answers(client, request, version: version)
                            #expect(found == wanted[Int(version) - 1][index], "\(request.name)")
                        }
                    }
                }
                #expect(try await reference.stats()["requests_repeated_total"] == 0)
            }
            #expect(try await client.stats()["requests_repeated_total"]! > UInt64(requests.count))
        }
        await server.stop()
        await plain.stop()
    }
}
