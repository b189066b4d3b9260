import Foundation
import Glibc
import KindredDomain
import KindredModel
import KindredServer
import NIOCore
import NIOPosix
import ServiceLifecycle
import TestSupport
import Testing

/// A server that cannot start ends its threads, and one that is told to stop while it loads stops.
@Suite(.serialized) struct StartAndStopTests {
    /// More event loops than any other test has: the last one's name tells the threads of this test apart.
    private static let threadCount = 14

    /// Threads of this process whose name says that they are the last event loop of such a server.
    private static func loopsOfThisTest() throws -> Int {
        let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
        return threads.count { thread in
            let name = try? String(contentsOfFile: "/proc/self/task/\(thread)/comm", encoding: .utf8)
            return name?.hasPrefix("NIO-ELT-") == true && name?.hasSuffix("#\(threadCount - 1)\n") == true
        }
    }

    private static func configuration(_ folder: TemporaryFolder) -> ServerConfiguration {
        var configuration = ServerConfiguration(
            modelsRoot: folder.file("models"), stateDirectory: folder.file("state"), threadCount: threadCount)
        configuration.port = 0
        configuration.answerCacheMebibytes = 0
        return configuration
    }

    private static func start(_ configuration: ServerConfiguration) throws -> KindredServer {
        try KindredServer(configuration: configuration, logger: RunningServer.silent)
    }

    /// A socket that listens on a free port, and the port.
    private static func listener() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                if bind(descriptor, pointer, size) != 0 || listen(descriptor, 1) != 0 { return errno }
                return getsockname(descriptor, pointer, &size) == 0 ? 0 : errno
            }
        }
        try #require(code == 0)
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    @Test(.timeLimit(.minutes(1))) func aStartThatFailsLeavesNoEventLoops() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1]])
        let before = try Self.loopsOfThisTest()
        // The port is in use.
        let taken = try Self.listener()
        defer { close(taken.descriptor) }
        var inUse = Self.configuration(folder)
        inUse.port = taken.port
        #expect(throws: StartFailure.self) { try Self.start(inUse) }
        // There is no folder of models.
        var noModels = Self.configuration(folder)
        noModels.modelsRoot = folder.file("absent")
        #expect(throws: StartFailure.self) { try Self.start(noModels) }
        // Another server has the state folder.
        let other = try await RunningServer(folder)
        for _ in 0..<3 { #expect(throws: StartFailure.self) { try Self.start(Self.configuration(folder)) } }
        await other.stop()
        // The state file is of another program.
        var foreign = Self.configuration(folder)
        foreign.stateDirectory = folder.path
        try folder.write("state.sqlite", "no database at all, only some words in a file, and some more")
        #expect(throws: (any Error).self) { try Self.start(foreign) }
        // The port is taken after it was tried and before the server listens.
        for _ in 0..<3 {
            let free = try Self.listener()
            close(free.descriptor)
            var late = Self.configuration(folder)
            late.port = free.port
            let server = try Self.start(late)
            let thief = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: "127.0.0.1", port: free.port).get()
            await #expect(throws: StartFailure.self) { try await server.listen() }
            try await thief.close()
        }
        // The system lists a thread for a moment after it has ended.
        while try Self.loopsOfThisTest() > before { try Task.checkCancellation() }
        // The state folder is free.
        let server = try await RunningServer(folder)
        await server.stop()
    }

    /// The first load is cancelled: the server ends before it has listened.
    @Test(.timeLimit(.minutes(1))) func aStopDuringTheFirstLoadCancelsIt() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1]])
        let gate = LoadGate(holding: [1])
        let before = try Self.loopsOfThisTest()
        let events = LogEvents()
        var configuration = Self.configuration(folder)
        configuration.whenLoadBegins = gate.pass
        let server = try KindredServer(configuration: configuration, logger: events.logger)
        let listening = Task { try await server.listen() }
        await gate.waitForArrival(of: 1)
        server.stopStarting()
        await #expect(throws: StartFailure.stopped) { try await listening.value }
        #expect(gate.cancelled == [1])
        #expect(events.lines("a load goes on while the server ends").isEmpty)
        #expect(events.lines("stopped").count == 1 && events.lines("listening").isEmpty)
        while try Self.loopsOfThisTest() > before { try Task.checkCancellation() }
        let again = try await RunningServer(folder)
        await again.stop()
    }

    /// The same through the service that signals stop: it ends without an error, and never says that it is ready.
    @Test(.timeLimit(.minutes(1))) func aServiceThatIsStoppedWhileItLoadsEndsWell() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1]])
        let gate = LoadGate(holding: [1])
        var configuration = Self.configuration(folder)
        configuration.whenLoadBegins = gate.pass
        let service = KindredService(server: try Self.start(configuration)) { _ in
            Issue.record("the server listens")
        }
        let group = ServiceGroup(services: [service], logger: RunningServer.silent)
        let running = Task { try await group.run() }
        await gate.waitForArrival(of: 1)
        await group.triggerGracefulShutdown()
        try await running.value
        #expect(gate.cancelled == [1])
    }

    /// A server that is told to stop before it loads anything.
    @Test(.timeLimit(.minutes(1))) func aStopBeforeTheFirstLoad() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1]])
        let gate = LoadGate(holding: [1])
        var configuration = Self.configuration(folder)
        configuration.whenLoadBegins = gate.pass
        let server = try Self.start(configuration)
        server.stopStarting()
        await #expect(throws: StartFailure.stopped) { try await server.listen() }
    }
}
