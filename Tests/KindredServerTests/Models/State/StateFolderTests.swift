import Foundation
import KindredClient
import KindredDomain
import KindredServer
import TestSupport
import Testing

/// One server has a state folder at a time; one that cannot write it serves all the same.
@Suite(.serialized) struct StateFolderTests {
    @Test func aSecondServerIsRefusedByName() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1]])
        let first = try await RunningServer(folder)
        let failure = await #expect(throws: StartFailure.self) { try await RunningServer(folder) }
        let text = failure?.description ?? ""
        #expect(text.contains("process \(ProcessInfo.processInfo.processIdentifier)"), "\(text)")
        #expect(text.contains("127.0.0.1:\(first.endpoint.port)"), "\(text)")
        #expect(text.contains("--state"), "\(text)")
        await first.stop()
        // The folder is free again.
        let second = try await RunningServer(folder)
        await second.stop()
    }

    /// The lock's file may hold anything.
    @Test func aStrangeLockFileIsNoObstacle() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1]])
        try FileManager.default.createDirectory(
            atPath: folder.file("state"), withIntermediateDirectories: true)
        try folder.write("state/server.lock", [UInt8](repeating: 0xFF, count: 100_000))
        let server = try await RunningServer(folder)
        #expect(throws: StartFailure.self) {
            try KindredServer(configuration: server.configuration, logger: RunningServer.silent)
        }
        await server.stop()
    }

    /// A folder that cannot be made: the server serves, switches, and says that it does not remember.
    @Test func aFolderThatCannotBeMade() async throws {
        let folder = try TemporaryFolder()
        for version in 1...2 { try folder.pack(items: [[Float(version)]]) }
        try folder.write("file", "no folder")
        for _ in 0..<2 {
            let server = try await RunningServer(folder) { $0.stateDirectory = folder.file("file/state") }
            try await server.withClient { (client: KindredClient) async throws in
                #expect(try await client.recommend(.vector([1]), k: 1).version == 2)
                let switched = try await client.activate(version: 1)
                #expect(switched.active == 1 && switched.pinned == 1 && !switched.isRemembered)
                #expect(try await client.recommend(.vector([1]), k: 1).version == 1)
                let remark = try await client.models()[0].remark
                #expect(remark.hasPrefix("the choice of versions is not remembered: "), "\(remark)")
            }
            await server.stop()
        }
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            #expect(try await client.activate(version: 1).isRemembered)
            #expect(try await client.models()[0].remark.isEmpty)
        }
        await server.stop()
    }

    /// A file of another program is refused.
    @Test func aForeignFileIsRefused() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1]])
        try FileManager.default.createDirectory(
            atPath: folder.file("state"), withIntermediateDirectories: true)
        try folder.write("state/state.sqlite", "no database at all, only some words in a file, and some more")
        await #expect(throws: (any Error).self) { try await RunningServer(folder) }
    }
}
