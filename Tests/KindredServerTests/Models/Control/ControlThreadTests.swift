import KindredClient
import KindredDomain
import KindredServer
import KindredWire
import TestSupport
import Testing

/// Switches and stops get their turn beside any number of looks and any load.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ControlThreadTests {
    private static let sample = ModelName("sample")!

    private static func pack(_ folder: TemporaryFolder, _ versions: ClosedRange<Int>) throws {
        for version in versions { try folder.pack(items: [[Float(version)], [0]]) }
    }

    /// Four connections send 20,000 MODEL_LOADs with a timeout of 1 ms: each is answered, switches beside them are
    /// made, and the server stops after them.
    @Test func aFloodOfLooksDelaysNoSwitch() async throws {
        let folder = try TemporaryFolder()
        try Self.pack(folder, 1...3)
        let server = try await RunningServer(folder, watchMilliseconds: 1_000)
        let port = server.endpoint.port
        let perPeer = 5_000
        let flood = (0..<4).map { _ in
            Task.detached {
                let peer = try RawPeer(port: port)
                var counts: [String: Int] = [:]
                for _ in 0..<(perPeer / 500) {
                    try peer.send(
                        .modelLoad(ModelLoadRequest(model: nil)), count: 500, timeoutMilliseconds: 1)
                    for _ in 0..<500 { counts[try peer.read().status, default: 0] += 1 }
                }
                return counts
            }
        }
        let clock = ContinuousClock()
        try await server.withClient { (client: KindredClient) async throws in
            for version: UInt64 in [1, 2, 3] {
                let start = clock.now
                #expect(try await client.activate(version: version).active == version)
                #expect(clock.now - start < .seconds(2) * patience, "version \(version)")
            }
        }
        var counts: [String: Int] = [:]
        for peer in flood { counts.merge(try await peer.value) { $0 + $1 } }
        #expect(counts.values.reduce(0, +) == 4 * perPeer, "\(counts)")
        #expect(Set(counts.keys).isSubset(of: ["OK", "DEADLINE_EXCEEDED", "OVERLOADED", "LIMIT_EXCEEDED"]))
        // Requests that wait while the server is told to stop.
        let last = try RawPeer(port: port)
        try last.send(.modelLoad(ModelLoadRequest(model: nil)), count: 1_000, timeoutMilliseconds: 1)
        let took = await clock.measure { await server.stop() }
        #expect(took < .seconds(5) * patience)
    }

    /// Requests beyond the bounds are refused before anything is done for them.
    @Test func requestsBeyondTheBoundsAreRefusedAtOnce() async throws {
        let folder = try TemporaryFolder()
        try Self.pack(folder, 1...1)
        let gate = LoadGate(holding: [2])
        var limits = Limits.standard
        limits.looksWaitingMax = 3
        limits.switchesWaitingMax = 2
        let server = try await RunningServer(folder, limits: limits) { $0.whenLoadBegins = gate.pass }
        let peer = try RawPeer(port: server.endpoint.port)
        try Self.pack(folder, 2...2)
        await gate.waitForArrival(of: 2)
        let look = ClientMessage.modelLoad(ModelLoadRequest(model: nil))
        let change = ClientMessage.modelSwitch(ModelSwitchRequest(model: nil, goal: .version(2)))
        let looks = try peer.send(look, count: 5, timeoutMilliseconds: 60_000)
        let changes = try peer.send(change, count: 4, timeoutMilliseconds: 60_000)
        var refused: [UInt64] = []
        for _ in 0..<4 {
            let reply = try peer.read()
            #expect(reply.status == "OVERLOADED")
            refused.append(reply.header.requestID)
        }
        #expect(refused == [looks + 3, looks + 4, changes + 2, changes + 3])
        gate.open(2)
        var answered: Set<UInt64> = []
        for _ in 0..<5 {
            let reply = try peer.read()
            #expect(reply.status == "OK")
            answered.insert(reply.header.requestID)
        }
        #expect(answered == [looks, looks + 1, looks + 2, changes, changes + 1])
        // Answered requests make room.
        try peer.send(change, count: 2, timeoutMilliseconds: 60_000)
        for _ in 0..<2 { #expect(try peer.read().status == "OK") }
        await server.stop()
    }

    /// While a version is being loaded, a switch to a loaded version is made at once, and one that needs a load has
    /// it begun in place of the running load.
    @Test func aSwitchDoesNotWaitForALoadOfAnotherVersion() async throws {
        let folder = try TemporaryFolder()
        try Self.pack(folder, 1...2)
        let gate = LoadGate(holding: [])
        let server = try await RunningServer(folder) { $0.whenLoadBegins = gate.pass }
        try await server.withClient { (client: KindredClient) async throws in
            #expect(try await client.models()[0].loaded == [2])
            #expect(try await client.activate(version: 1).previous == 2)
            gate.hold(3)
            try Self.pack(folder, 3...3)
            await gate.waitForArrival(of: 3)
            let clock = ContinuousClock()
            let start = clock.now
            #expect(try await client.rollback().active == 2)
            #expect(try await client.activate(version: 1).active == 1)
            #expect(clock.now - start < .seconds(2) * patience)
            #expect(try await client.models()[0].versions.last?.state == .loading)
            // A version that is not in memory: its load takes the place of the load that no request waits for.
            try Self.pack(folder, 4...4)
            #expect(try await client.activate(version: 4).active == 4)
            #expect(gate.arrived.suffix(2) == [3, 4])
            gate.open(3)
        }
        await server.stop()
    }

    @Test func aStopDoesNotWaitForALoad() async throws {
        let folder = try TemporaryFolder()
        try Self.pack(folder, 1...1)
        let gate = LoadGate(holding: [2])
        let server = try await RunningServer(folder) {
            $0.whenLoadBegins = gate.pass
            $0.drainMilliseconds = 20_000
        }
        let peer = try RawPeer(port: server.endpoint.port)
        try Self.pack(folder, 2...2)
        await gate.waitForArrival(of: 2)
        let change = ModelSwitchRequest(model: nil, goal: .version(2))
        let id = try peer.send(.modelSwitch(change), timeoutMilliseconds: 60_000)
        // The switch waits once the request after it is answered.
        try peer.send(.ping(1), timeoutMilliseconds: 1_000)
        #expect(try peer.read().reply == .pong(1))
        let clock = ContinuousClock()
        let took = await clock.measure { await server.stop() }
        #expect(took < .seconds(5) * patience)
        #expect(gate.cancelled == [2])
        var statuses: [UInt64: String] = [:]
        while let reply = try? peer.read() { statuses[reply.header.requestID] = reply.status }
        #expect(statuses[id] == "DRAINING")
    }

    /// A switch that was answered as failed is not made afterwards, though its load succeeds.
    @Test func aSwitchPastItsDeadlineIsNotMade() async throws {
        let folder = try TemporaryFolder()
        try Self.pack(folder, 1...2)
        let gate = LoadGate(holding: [1])
        let server = try await RunningServer(folder) { $0.whenLoadBegins = gate.pass }
        let peer = try RawPeer(port: server.endpoint.port)
        let change = ClientMessage.modelSwitch(ModelSwitchRequest(model: nil, goal: .version(1)))
        let id = try peer.send(change, timeoutMilliseconds: 200)
        let reply = try peer.read()
        #expect(reply.header.requestID == id && reply.status == "DEADLINE_EXCEEDED")
        try await server.withClient { (client: KindredClient) async throws in
            gate.open(1)
            // The load goes on, and is answered when it ends.
            #expect(try await client.load(version: 1).active == 2)
            let model = try await client.models()[0]
            #expect(model.loaded == [1, 2] && model.active == 2 && model.pinned == 0)
            gate.hold(1)
            #expect(try await client.activate(version: 1).active == 1)
            #expect(gate.arrived.filter { $0 == 1 }.count == 1)
        }
        await server.stop()
    }

    /// The same for a switch whose client has disconnected.
    @Test func aSwitchOfADisconnectedClientIsNotMade() async throws {
        let folder = try TemporaryFolder()
        try Self.pack(folder, 1...2)
        let gate = LoadGate(holding: [1])
        let server = try await RunningServer(folder) { $0.whenLoadBegins = gate.pass }
        let change = ClientMessage.modelSwitch(ModelSwitchRequest(model: nil, goal: .version(1)))
        do {
            let peer = try RawPeer(port: server.endpoint.port)
            try peer.send(change, timeoutMilliseconds: 60_000)
            await gate.waitForArrival(of: 1)
        }
        try await server.withClient { (client: KindredClient) async throws in
            // Until the server has closed the connection.
            while try await client.stats()["connections_open"] != 1 { try Task.checkCancellation() }
            gate.open(1)
            #expect(try await client.load(version: 1).active == 2)
            #expect(try await client.models()[0].loaded == [1, 2])
        }
        await server.stop()
    }
}
