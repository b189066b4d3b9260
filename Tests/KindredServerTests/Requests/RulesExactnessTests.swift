import GRDB
import KindredClient
import KindredDomain
import KindredPack
import TestSupport
import Testing

/// Answers under rules over the wire equal those of plain code, in ids and in the bits of scores: alone and in batches,
/// with one event loop and with two, computed and kept.
@Suite(.serialized) struct RulesExactnessTests {
    private static let itemCount = isOptimised ? 2_000 : 300
    private static let userCount = isOptimised ? 200 : 40
    private static let kinds = ["bag", "candle", "mug", "plate", "toy"]

    private static func price(_ row: Int) -> Int { row * 37 % 100 }

    /// The number of an item's kind; nil for NULL.
    private static func kind(_ row: Int) -> Int? { row % 11 == 0 ? nil : row % kinds.count }

    private static func hasSeen(_ user: Int, _ row: Int) -> Bool { (row * 7 + user * 13) % 10 == 0 }

    private static func pack(_ items: [[Float]], _ users: [[Float]], in folder: TemporaryFolder) throws {
        func input(_ side: String, _ rows: [[Float]]) throws -> PackInput {
            PackInput(
                vectors: try folder.write("\(side).npy", NpyBytes.floats(rows)),
                ids: try folder.write("\(side).txt", rows.indices.map { "\($0)" }.joined(separator: "\n")))
        }
        var packer = Packer(root: folder.file("models"), name: ModelName("shop")!)
        packer.items = try input("items", items)
        packer.users = try input("users", users)
        packer.trainingID = "test"
        packer.catalog = { path in
            try DatabaseQueue(path: path).write { database in
                try database.execute(
                    sql: "CREATE TABLE items (id INTEGER PRIMARY KEY, price INTEGER, kind TEXT)")
                for row in items.indices {
                    try database.execute(
                        sql: "INSERT INTO items VALUES (?, ?, ?)",
                        arguments: [row, price(row), kind(row).map { kinds[$0] }])
                }
            }
            return [.items: ["price", "kind"]]
        }
        let pairs = users.indices.flatMap { user in
            items.indices.filter { hasSeen(user, $0) }.map { "\(user)\t\($0)" }
        }
        packer.seen = try folder.write("seen.txt", pairs.joined(separator: "\n"))
        _ = try packer.run()
    }

    /// The rules of a request, for the client and for the oracle.
    private struct Case {
        var name: String
        var rules = Rules()
        var oracle: RulesOracle
        var mayAppear: (_ user: Int, _ row: Int) -> Bool = { _, _ in true }
    }

    private static func cases(_ items: [[Float]]) -> [Case] {
        func rows(_ passes: (Int) -> Bool) -> Set<Int> { Set(items.indices.filter(passes)) }
        var plain = Case(name: "none", oracle: RulesOracle(Oracle(rows: items)))
        plain.oracle.k = 10

        var filter = plain
        filter.name = "filter and seen items"
        filter.rules.filter = "price < :most OR kind IS NULL"
        filter.rules.parameters = ["most": .integer(30)]
        filter.rules.excludesSeen = true
        filter.mayAppear = { (price($1) < 30 || kind($1) == nil) && !hasSeen($0, $1) }

        var boosts = plain
        boosts.name = "boosts"
        boosts.rules.boosts = [
            BoostRule(where: "kind = 'mug'", .multiply(1.5)), BoostRule(where: "price >= 80", .add(-0.3)),
        ]
        boosts.oracle.boosts = [
            RulesOracle.Boost(.multiply(1.5), rows: rows { kind($0) == 2 }),
            RulesOracle.Boost(.add(-0.3), rows: rows { price($0) >= 80 }),
        ]

        var caps = plain
        caps.name = "a cap and an offset"
        caps.rules.caps = [GroupCap("kind", atMost: 3)]
        caps.rules.offset = 5
        caps.oracle.caps = [
            RulesOracle.Cap(groups: items.indices.map { kind($0).map { [$0] } ?? [] }, most: 3)
        ]
        caps.oracle.offset = 5

        var diversity = plain
        diversity.name = "diversity"
        diversity.rules.diversity = Diversity(weight: 0.4)
        diversity.oracle.diversity = Diversity(weight: 0.4)

        var all = filter
        all.name = "all"
        all.rules.boosts = boosts.rules.boosts
        all.rules.caps = caps.rules.caps
        all.rules.offset = 5
        all.rules.diversity = diversity.rules.diversity
        all.oracle.boosts = boosts.oracle.boosts
        all.oracle.caps = caps.oracle.caps
        all.oracle.offset = 5
        all.oracle.diversity = diversity.oracle.diversity
        return [plain, filter, boosts, caps, diversity, all]
    }

    @Test func everyBatchSizeAndThreadCountEqualsTheOracle() async throws {
        var generator = SeededGenerator.announced()
        let items = VectorShape.flat.rows(count: Self.itemCount, dimension: 16, using: &generator)
        let users = VectorShape.flat.rows(count: Self.userCount, dimension: 16, using: &generator)
        let folder = try TemporaryFolder()
        try Self.pack(items, users, in: folder)
        let cases = Self.cases(items)
        let wanted = cases.map { one in
            users.indices.map { user in
                one.oracle.answer(users[user], similarity: .dot, minimumScore: -.infinity) {
                    one.mayAppear(user, $0)
                }
            }
        }
        for threads in [1, 2] {
            let server = try await RunningServer(folder, threads: threads)
            try await server.withClient { client in
                for (one, wanted) in zip(cases, wanted) {
                    // The last ones of a size are answered from kept answers.
                    for size in [1, 7, 200, 1, 7, 1] {
                        let found = try await Self.ask(client, one.rules, batch: size)
                        for user in users.indices {
                            let place = "\(one.name), user \(user), batches of \(size), \(threads) threads"
                            #expect(
                                found[user].map(\.id) == wanted[user].map { .number(UInt64($0.row)) },
                                "\(place)")
                            #expect(
                                found[user].map(\.score.bitPattern) == wanted[user].map(\.score.bitPattern),
                                "\(place)")
                        }
                    }
                }
            }
            await server.stop()
        }
    }

    private static func ask(
        _ client: KindredClient, _ rules: Rules, batch: Int
    ) async throws -> [[Recommendation]] {
        var options = RecommendOptions()
        options.rules = rules
        var answers: [[Recommendation]] = []
        while answers.count < userCount {
            let range = answers.count..<min(answers.count + batch, userCount)
            let queries = range.map { Query.user(.number(UInt64($0))) }
            for answer in try await client.recommendBatch(queries, k: 10, options: options) {
                answers.append(try answer.get().results)
            }
        }
        return answers
    }
}
