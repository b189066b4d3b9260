import Foundation
import KindredClient
import KindredDomain
import KindredModel
import TestSupport
import Testing

/// The shipped model, as a user gets it.
@Suite struct ShippedModelTests {
    /// All customers' top 20 over the wire equal the brute force of the stored vectors.
    @Test(arguments: [1, 2]) func everyCustomersTopTwentyIsExact(version: UInt64) async throws {
        let shipped = try ShippedVersion(version)
        try await shipped.ask(RecommendOptions()) { customer, found in
            let wanted = shipped.oracle.best(shipped.users[customer], k: 20, similarity: .dot)
            #expect(found.results.map(\.id) == wanted.map { shipped.itemIDs[$0.row] })
            #expect(found.results.map(\.score.bitPattern) == wanted.map(\.score.bitPattern))
            #expect(found.version == version)
        }
    }

    /// All customers' best 20 of what they have not bought, and the reason for each, equal the brute force of the
    /// stored vectors and pairs. The demo checks that the pairs are those of the order lines.
    @Test(arguments: [1, 2]) func everyCustomersNewProductsAndReasonsAreExact(version: UInt64) async throws {
        let shipped = try ShippedVersion(version)
        let bought = try shipped.bought()
        var options = RecommendOptions()
        options.rules.excludesSeen = true
        options.rules.wantsBecause = true
        try await shipped.ask(options) { customer, found in
            var isBought = Array(repeating: false, count: shipped.itemIDs.count)
            for item in bought[customer] { isBought[item] = true }
            let wanted = shipped.oracle.best(shipped.users[customer], k: 20, similarity: .dot) {
                !isBought[$0]
            }
            let reasons = wanted.compactMap { entry in
                shipped.oracle.best(shipped.oracle.rows[entry.row], k: 1, similarity: .cosine) {
                    isBought[$0]
                }.first
            }
            #expect(found.results.map(\.id) == wanted.map { shipped.itemIDs[$0.row] })
            #expect(found.results.map(\.score.bitPattern) == wanted.map(\.score.bitPattern))
            #expect(found.results.map(\.because) == reasons.map { shipped.itemIDs[$0.row] })
            #expect(found.eligible == UInt64(shipped.itemIDs.count - bought[customer].count))
        }
    }
}

/// A version of the shipped model, read from its files.
private struct ShippedVersion {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "models/online-retail").path

    let folder: String
    let number: UInt64
    let itemIDs: [ExternalID]
    let userIDs: [ExternalID]
    let oracle: Oracle
    let users: [[Float]]

    init(_ number: UInt64) throws {
        self.number = number
        folder = "\(Self.root)/\(number)"
        let loaded = try VersionLoader().load(
            directory: folder, expecting: try #require(ModelName("online-retail")), version: number)
        let (items, users) = (try #require(loaded.items), try #require(loaded.users))
        func ids(_ table: VectorTable) -> [ExternalID] {
            (0..<table.count).map { table.ids.id(ofRow: UInt32($0)) }
        }
        func rows(_ table: VectorTable) -> [[Float]] {
            withExtendedLifetime(table) {
                (0..<table.count).map { row in
                    Array(
                        UnsafeBufferPointer(start: table.vector(ofRow: UInt32(row)), count: table.dimension))
                }
            }
        }
        itemIDs = ids(items)
        userIDs = ids(users)
        oracle = Oracle(rows: rows(items))
        self.users = rows(users)
    }

    /// For each customer the rows of the products, from the bytes of `seen.csr`.
    func bought() throws -> [[Int]] {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/seen.csr")))
        func number(at position: Int, byteCount: Int) -> Int {
            (0..<byteCount).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
        }
        let offsets = number(at: 56, byteCount: 8)
        let rows = number(at: 72, byteCount: 8)
        return users.indices.map { user in
            let start = number(at: offsets + 8 * user, byteCount: 8)
            let end = number(at: offsets + 8 * (user + 1), byteCount: 8)
            return (start..<end).map { number(at: rows + 4 * $0, byteCount: 4) }
        }
    }

    /// Asks a server for 20 products for each customer, and gives each answer to `check` with the customer's row.
    func ask(_ options: RecommendOptions, check: (Int, Recommendations) throws -> Void) async throws {
        let copy = try TemporaryFolder()
        try copy.copyFiles(of: folder, to: "models/online-retail/\(number)")
        let server = try await RunningServer(copy)
        // Every customer in release; every fiftieth in debug, where the brute force is slow.
        let asked = stride(from: 0, to: users.count, by: isOptimised ? 1 : 50).map { $0 }
        try await server.withClient { (client: KindredClient) async throws in
            for start in stride(from: 0, to: asked.count, by: 500) {
                let batch = asked[start..<min(start + 500, asked.count)]
                let answers = try await client.recommendBatch(
                    batch.map { .user(userIDs[$0]) }, k: 20, options: options)
                for (customer, answer) in zip(batch, answers) { try check(customer, try answer.get()) }
            }
        }
        await server.stop()
    }
}
