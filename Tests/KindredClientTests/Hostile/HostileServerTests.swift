import Foundation
import KindredClient
import KindredDomain
import KindredWire
import NIOCore
import Synchronization
import TestSupport
import Testing

/// Servers that lie, flood, stall and trickle: every call ends in time with an error, never with an answer.
@Suite(.serialized, .timeLimit(.minutes(5))) struct HostileServerTests {
    /// Longer than any call may take.
    private static let patience: Duration = .seconds(15)
    private static let residentGrowthMax = 96 << 20

    private static var configuration: ClientConfiguration {
        var configuration = ClientConfiguration()
        configuration.timeout = .milliseconds(500)
        configuration.streamTimeout = .seconds(1)
        configuration.connectTimeout = .milliseconds(300)
        configuration.attemptsMax = 1
        configuration.windowBytes = 64 << 10
        return configuration
    }

    private enum Outcome: Sendable {
        case answer
        case error(KindredError)
        case other(String)
        case hangs
    }

    /// The outcome of a call. A call that does not end in time is left running.
    private static func outcome(_ call: @escaping @Sendable () async throws -> Void) async -> Outcome {
        let (outcomes, found) = AsyncStream.makeStream(of: Outcome.self)
        let task = Task {
            do {
                try await call()
                found.yield(.answer)
            } catch let error as KindredError {
                found.yield(.error(error))
            } catch {
                found.yield(.other("\(error)"))
            }
        }
        let timer = Task {
            try await Task.sleep(for: patience)
            found.yield(.hangs)
        }
        defer {
            task.cancel()
            timer.cancel()
        }
        var iterator = outcomes.makeAsyncIterator()
        return await iterator.next() ?? .hangs
    }

    /// Bytes of this process in memory.
    private static var residentByteCount: Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        return fields.flatMap { $0.count > 1 ? Int($0[1]) : nil }.map { $0 * 4_096 } ?? 0
    }

    @Test(arguments: Lie.allCases) func lieIsAnErrorAndNeverAnAnswer(_ lie: Lie) async throws {
        let peer = try await HostilePeer.start(lie)
        let client = KindredClient(peer.endpoint, configuration: Self.configuration)
        let before = Self.residentByteCount
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = await Self.outcome {
            if lie.call == .pingTwice {
                // The first reply is an answer; the second ends the connection.
                let connection = try await peer.connect(Self.configuration)
                for value in UInt64(1)...2 {
                    _ = try await connection.exchange(.ping(value), deadline: .now() + .milliseconds(500))
                }
            } else {
                try await lie.call.make(client)
            }
        }
        switch outcome {
        case .error(let error): #expect(lie.errors.contains(error.name), "\(error)")
        case .answer: Issue.record("the lie was believed")
        case .hangs: Issue.record("the call did not end within \(Self.patience)")
        case .other(let error): Issue.record("\(error)")
        }
        let elapsed = clock.now - start
        #expect(elapsed < .seconds(8), "\(elapsed)")
        let growth = Self.residentByteCount - before
        #expect(growth < Self.residentGrowthMax, "\(growth) bytes more are in memory")
        // Closing takes no time, whatever the server does.
        let closing = clock.now
        let closed = await Self.outcome { await client.close() }
        guard case .answer = closed else {
            Issue.record("close() did not return")
            return
        }
        #expect(clock.now - closing < .seconds(3))
        await peer.stop()
    }

    /// Without its lie, each answer of the peer is accepted.
    @Test(arguments: HostileCall.allCases.filter { $0 != .audienceOfManySeeds })
    func honestAnswersPass(_ call: HostileCall) async throws {
        let peer = try await HostilePeer.start(nil)
        var configuration = Self.configuration
        configuration.timeout = .seconds(20)
        configuration.streamTimeout = .seconds(20)
        let client = KindredClient(peer.endpoint, configuration: configuration)
        try await call.make(client)
        await client.close()
        await peer.stop()
    }

    /// Answers with changed bytes are an answer or an error.
    @Test(arguments: HostileCall.allCases.filter { $0 != .audienceOfManySeeds && $0 != .pingTwice })
    func changedAnswersNeverTrap(_ call: HostileCall) async throws {
        let seed = SeededGenerator.announced().seed
        let peer = try await HostilePeer.start(nil, changing: seed)
        var configuration = Self.configuration
        configuration.timeout = .milliseconds(200)
        configuration.reconnectDelayMin = .zero
        let client = KindredClient(peer.endpoint, configuration: configuration)
        for _ in 0..<40 {
            let outcome = await Self.outcome { try await call.make(client) }
            if case .hangs = outcome { Issue.record("seed \(seed)") }
        }
        await client.close()
        await peer.stop()
    }

    @Test func reconnectionsToAClosingServerHavePauses() async throws {
        let connections = Atomic<Int>(0)
        let peer = try await HostilePeer.startClosing { connections.add(1, ordering: .relaxed) }
        let client = KindredClient(peer.endpoint, configuration: Self.configuration)
        for _ in 0..<3 { await #expect(throws: KindredError.self) { try await client.stats() } }
        #expect(connections.load(ordering: .relaxed) < 40)
        await client.close()
        await peer.stop()
    }

    @Test func unsentRequestsAreLimitedAndNotProcessed() async throws {
        // Reads one request and no more, until the test closes it.
        let (held, keep) = AsyncStream.makeStream(of: (@Sendable () -> Void).self)
        let peer = try await ScriptedPeer.start { header, message, connection in
            connection.stopReading()
            keep.yield(connection.closer)
        }
        let connection = try await peer.connect()
        let deadline = NIODeadline.now() + .seconds(60)
        let first = Task { try await connection.exchange(.stats, deadline: deadline) }
        var closers = held.makeAsyncIterator()
        let close = try #require(await closers.next())
        // Two MiB each: some are sent, some wait, and the last exceed the limit of unsent bytes.
        let large = VectorsRequest(side: .items, ids: .numbers(Array(0..<(1 << 18))))
        let errors = await withTaskGroup(of: KindredError?.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    await Self.error { try await connection.exchange(.vectors(large), deadline: deadline) }
                }
            }
            var errors: [KindredError] = []
            // Requests beyond the limit fail at once. When the first fails, all others have been submitted.
            if let refused = await group.next() ?? nil { errors.append(refused) }
            close()
            for await error in group { if let error { errors.append(error) } }
            return errors
        }
        #expect(errors.count == 40)
        #expect(errors.first?.name == "OVERLOADED")
        let lost = errors.filter { $0.name == "CONNECTION_LOST" }
        #expect(lost.count { $0.isNotProcessed } >= 10)
        #expect(lost.allSatisfy { $0.isRetryable })
        let seen = await Self.error { try await first.value }
        #expect(seen?.name == "CONNECTION_LOST")
        #expect(seen?.isNotProcessed == false)
        await connection.close()
        await peer.stop()
    }

    private static func error(_ body: () async throws -> some Sendable) async -> KindredError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? KindredError
        }
    }

    @Test func closedClientFailsAtOnce() async throws {
        let peer = try await HostilePeer.start(nil)
        let client = KindredClient(peer.endpoint)
        _ = try await client.ping()
        await client.close()
        let clock = ContinuousClock()
        let start = clock.now
        let error = await #expect(throws: KindredError.self) { try await client.ping() }
        #expect(error?.name == "CONNECTION_LOST")
        #expect(error?.isRetryable == false)
        #expect(error?.isNotProcessed == true)
        await #expect(throws: KindredError.self) { try await client.stats() }
        await #expect(throws: KindredError.self) { try await client.lookalike(seeds: [1], size: .count(1)) }
        #expect(clock.now - start < .seconds(3))
        await client.close()
        await peer.stop()
    }

    @Test func manyTasksMayCancelTogether() async throws {
        let peer = try await HostilePeer.start(.silence)
        var configuration = Self.configuration
        configuration.timeout = .seconds(60)
        let client = KindredClient(peer.endpoint, configuration: configuration)
        let outcome = await Self.outcome {
            await withTaskGroup(of: Bool.self) { group in
                for index in 0..<500 {
                    group.addTask {
                        let task = Task { try await client.ping() }
                        if index % 2 == 0 { await Task.yield() }
                        task.cancel()
                        return (try? await task.value) == nil
                    }
                }
                for await isError in group { #expect(isError) }
            }
        }
        guard case .answer = outcome else {
            Issue.record("\(outcome)")
            return
        }
        await client.close()
        await peer.stop()
    }

    @Test func endpointsThatRefuseFailInTime() async throws {
        let gone = try await HostilePeer.start(nil)
        await gone.stop()
        let silent = try await HostilePeer.start(.helloNeverComes)
        let client = KindredClient(
            endpoints: [gone.endpoint, silent.endpoint, gone.endpoint], configuration: Self.configuration)
        for _ in 0..<3 {
            let outcome = await Self.outcome { _ = try await client.ping() }
            guard case .error(let error) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            // Nothing was sent, so even a change may be repeated.
            #expect(error.isNotProcessed)
            #expect(["CONNECTION_LOST", "DEADLINE_EXCEEDED"].contains(error.name))
        }
        await client.close()
        await silent.stop()
    }

    @Test func drainingServerIsReplacedWhileItsAnswersArrive() async throws {
        // Sends GOAWAY while a request is in flight. The test answers that request later.
        let (held, keep) = AsyncStream.makeStream(of: (@Sendable (ServerMessage) -> Void).self)
        let peer = try await ScriptedPeer.start { header, message, connection in
            switch message {
            case .health:
                connection.reply(.health(HealthResponse(state: .serving, modelsReady: 1)), to: header)
            case .stats:
                connection.goAway(GoAway(status: .draining, lastRequestID: header.requestID))
                keep.yield(connection.replier(to: header))
            default: break
            }
        }
        let client = KindredClient(peer.endpoint)
        let late = Task { try await client.stats(timeout: .seconds(30)) }
        var goodbyes = held.makeAsyncIterator()
        let reply = try #require(await goodbyes.next())
        // Another connection answers meanwhile. A request that crosses GOAWAY was not processed and is retried.
        _ = try await client.health(timeout: .seconds(30))
        reply(.stats(StatsResponse(names: ["late"], values: [1])))
        #expect(try await late.value == ["late": 1])
        await client.close()
        await peer.stop()
    }
}
