import Foundation
import KindredClient
import KindredDomain
import KindredModel
import TestSupport
import Testing

/// The shipped model, as a user gets it.
@Suite struct ShippedModelTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "models/online-retail").path

    /// All customers' top 20 over the wire equal the brute force of the stored vectors.
    @Test(arguments: [1, 2]) func everyCustomersTopTwentyIsExact(version: UInt64) async throws {
        let name = ModelName("online-retail")!
        let loaded = try VersionLoader().load(
            directory: "\(Self.root)/\(version)", expecting: name, version: version)
        let items = try #require(loaded.items)
        let users = try #require(loaded.users)
        func rows(_ table: VectorTable) -> [[Float]] {
            (0..<table.count).map { row in
                Array(UnsafeBufferPointer(start: table.vector(ofRow: UInt32(row)), count: table.dimension))
            }
        }
        let oracle = Oracle(rows: withExtendedLifetime(items) { rows(items) })
        let queries = withExtendedLifetime(users) { rows(users) }

        let folder = try TemporaryFolder()
        try folder.copyFiles(of: "\(Self.root)/\(version)", to: "models/online-retail/\(version)")
        let server = try await RunningServer(folder)
        // Every customer in release; every fiftieth in debug, where the brute force is slow.
        let asked = stride(from: 0, to: users.count, by: isOptimised ? 1 : 50).map { $0 }
        try await server.withClient { (client: KindredClient) async throws in
            for start in stride(from: 0, to: asked.count, by: 500) {
                let batch = asked[start..<min(start + 500, asked.count)]
                let answers = try await client.recommendBatch(
                    batch.map { .user(users.ids.id(ofRow: UInt32($0))) }, k: 20)
                for (row, answer) in zip(batch, answers) {
                    let found = try answer.get()
                    let wanted = oracle.best(queries[row], k: 20, similarity: .dot)
                    #expect(found.results.map(\.id) == wanted.map { items.ids.id(ofRow: UInt32($0.row)) })
                    #expect(found.results.map(\.score.bitPattern) == wanted.map(\.score.bitPattern))
                    #expect(found.version == version)
                }
            }
        }
        await server.stop()
    }
}
