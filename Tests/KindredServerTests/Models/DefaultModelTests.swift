import Foundation
import KindredClient
import KindredDomain
import KindredServer
import TestSupport
import Testing

/// The default model, which answers requests that name none, stays the same once there is one.
@Suite(.serialized) struct DefaultModelTests {
    private static let first = ModelName("first")!
    private static let second = ModelName("second")!

    /// The model that answers a request that names none, or the name of the error.
    private static func answering(_ client: KindredClient) async -> String {
        do throws(KindredError) {
            return try await client.recommend(.vector([1]), k: 1).model.description
        } catch {
            return error.name
        }
    }

    @Test func secondModelDoesNotBecomeTheDefault() async throws {
        let folder = try TemporaryFolder()
        try folder.pack("second", items: [[1]])
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            #expect(await Self.answering(client) == "second")
            // Its name comes first in the order of names.
            try folder.pack("first", items: [[1]])
            _ = try await client.load()
            #expect(try await client.models().map(\.active) == [1, 1])
            #expect(await Self.answering(client) == "second")
            #expect(try await client.models().map(\.isDefault) == [false, true])
            // Its folder goes away: it still serves from memory.
            try FileManager.default.removeItem(atPath: folder.file("models/first"))
            _ = try await client.load()
            #expect(try await client.models()[0].remark.contains("folder is gone"))
            #expect(await Self.answering(client) == "second")
            #expect(try await client.models()[0].active == 1)
        }
        await server.stop()
        try folder.pack("first", items: [[1]])
        let again = try await RunningServer(folder)
        try await again.withClient { (client: KindredClient) async throws in
            #expect(try await client.models().count == 2)
            #expect(await Self.answering(client) == "second")
        }
        await again.stop()
    }

    /// Where several models are there at the first start, none is the default.
    @Test func severalModelsAtTheStartHaveNoDefault() async throws {
        let folder = try TemporaryFolder()
        try folder.pack("first", items: [[1]])
        try folder.pack("second", items: [[1]])
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            #expect(await Self.answering(client) == "UNKNOWN_MODEL")
        }
        await server.stop()
        // A default that was named once is remembered.
        for named in [Self.first, nil] {
            let server = try await RunningServer(folder) { $0.defaultModel = named }
            try await server.withClient { (client: KindredClient) async throws in
                #expect(await Self.answering(client) == "first")
            }
            await server.stop()
        }
        // Its folder goes away: no other model becomes the default.
        try FileManager.default.removeItem(atPath: folder.file("models/first"))
        let without = try await RunningServer(folder)
        try await without.withClient { (client: KindredClient) async throws in
            #expect(await Self.answering(client) == "NO_MODEL_READY")
            #expect(try await client.models().map(\.name) == [Self.second])
            let failure = await #expect(throws: KindredError.self) {
                try await client.recommend(.vector([1]), k: 1)
            }
            #expect(
                failure?.message
                    == "the default model 'first' is not ready: name another, or start the server with --default-model"
            )
            #expect(
                try await client.repository().remark
                    == "the default model 'first' is not in the repository: requests that name no model fail")
        }
        await without.stop()
        let changed = try await RunningServer(folder) { $0.defaultModel = Self.second }
        try await changed.withClient { (client: KindredClient) async throws in
            #expect(await Self.answering(client) == "second")
        }
        await changed.stop()
    }

    /// A model that serves nothing and whose folder is gone is not listed.
    @Test func modelWithoutFolderAndVersionIsNotListed() async throws {
        let folder = try TemporaryFolder()
        try folder.pack("first", items: [[1]])
        let empty = folder.file("models/second")
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            let models = try await client.models()
            #expect(models.map(\.name) == [Self.first, Self.second])
            #expect(models[1].remark == "the folder has no complete version")
            try FileManager.default.removeItem(atPath: empty)
            _ = try await client.load()
            #expect(try await client.models().map(\.name) == [Self.first])
        }
        await server.stop()
    }
}
