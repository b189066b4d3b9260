import Foundation
import KindredClient
import KindredDomain
import KindredServer
import TestSupport
import Testing

/// A state folder has one server at a time. A server that cannot write it serves all the same.
@Suite(.serialized) struct StateFolderTests {
    @Test func aSecondServerIsRefused() async throws {
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

    /// The lock file may hold any bytes.
    @Test func anyContentOfTheLockFileIsAccepted() async throws {
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

    /// The folder cannot be made: the server serves and switches, and reports that the choice is not remembered.
    @Test func aServerWithoutAStateFolderServes() async throws {
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

    /// The state file cannot be written while the server runs: a folder in the place of its journal stops SQLite for
    /// every user, root included. A new version is loaded once and serves, a switch says that it is not remembered, and
    /// both are remembered once the file can be written.
    @Test(.timeLimit(.minutes(2))) func choicesAreSavedOnceTheFileCanBeWritten() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1]])
        let journal = folder.file("state/state.sqlite-journal")
        let gate = LoadGate(holding: [])
        let events = LogEvents()
        let server = try await RunningServer(folder, logger: events.logger) { $0.whenLoadBegins = gate.pass }
        try await server.withClient { (client: KindredClient) async throws in
            try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: false)
            try folder.pack(items: [[2]])
            // Several looks at the repository.
            for _ in 0..<10 { _ = try await client.load() }
            #expect(gate.arrived == [1, 2])
            #expect(try await client.recommend(.vector([1]), k: 1).version == 2)
            let switched = try await client.activate(version: 1)
            #expect(switched.active == 1 && switched.pinned == 1 && !switched.isRemembered)
            for _ in 0..<10 { _ = try await client.load() }
            #expect(gate.arrived == [1, 2])
            let remark = try await client.models()[0].remark
            #expect(remark.hasPrefix("the choice of versions is not remembered: "), "\(remark)")
            let unsaved = "choices of versions are not remembered: a restart will not know them"
            // One line for the version that took over, one for the switch.
            #expect(events.lines(unsaved).count == 2)

            try FileManager.default.removeItem(atPath: journal)
            let saved = "the state file can be written again: all choices are remembered"
            await events.wait(for: saved)
            _ = try await client.load()
            #expect(try await client.models()[0].remark.isEmpty)
            #expect(events.lines(saved).count == 1 && events.lines(unsaved).count == 2)
        }
        await server.stop()
        let again = try await RunningServer(folder)
        try await again.withClient { (client: KindredClient) async throws in
            #expect(try await client.models()[0].pinned == 1)
        }
        await again.stop()
    }

    /// A folder that cannot be made at the start, and can be later: it is made, locked and written.
    @Test(.timeLimit(.minutes(2))) func theFolderIsMadeOnceThatIsPossible() async throws {
        let folder = try TemporaryFolder()
        for version in 1...2 { try folder.pack(items: [[Float(version)]]) }
        try folder.write("file", "no folder")
        let events = LogEvents()
        let server = try await RunningServer(folder, logger: events.logger) {
            $0.stateDirectory = folder.file("file/state")
        }
        try await server.withClient { (client: KindredClient) async throws in
            #expect(try await !client.activate(version: 1).isRemembered)
            try FileManager.default.removeItem(atPath: folder.file("file"))
            await events.wait(for: "the state file can be written again: all choices are remembered")
            #expect(try await client.activate(version: 2).isRemembered)
        }
        let failure = #expect(throws: StartFailure.self) {
            try KindredServer(configuration: server.configuration, logger: RunningServer.silent)
        }
        #expect(failure?.description.contains("127.0.0.1:\(server.endpoint.port)") == true)
        await server.stop()
        let again = try await RunningServer(folder) { $0.stateDirectory = folder.file("file/state") }
        try await again.withClient { (client: KindredClient) async throws in
            #expect(try await client.models()[0].pinned == 2)
        }
        await again.stop()
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
