import Glibc
import KindredClient
import KindredDomain
import KindredServer
import KindredWire
import TestSupport
import Testing

/// Connections of slow peers end, and other clients are served all the while.
@Suite(.serialized) struct SlowPeerTests {
    private static func server(
        _ limits: Limits = .standard, itemCount: Int = 200, threads: Int = 2,
        drainMilliseconds: UInt32 = 5_000
    ) async throws -> RunningServer {
        var generator = SeededGenerator.announced()
        let folder = try TemporaryFolder()
        try folder.pack(items: VectorShape.flat.rows(count: itemCount, dimension: 64, using: &generator))
        return try await RunningServer(
            folder, threads: threads, limits: limits, drainMilliseconds: drainMilliseconds)
    }

    /// Polls a counter until it satisfies a condition; false after ten seconds.
    private static func waits(
        for name: String, of client: KindredClient, _ isWanted: (UInt64) -> Bool
    ) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if isWanted(try await client.stats()[name] ?? 0) { return true }
        }
        return false
    }

    /// A small request with a large reply: all vectors.
    private static func vectorsRequest(itemCount: Int, repeats: Int) -> ClientMessage {
        let ids = (0..<repeats).flatMap { _ in (0..<itemCount).map { UInt64($0 * 3) } }
        return .vectors(VectorsRequest(version: 0, side: .items, ids: .numbers(ids)))
    }

    @Test(.timeLimit(.minutes(1))) func unfinishedFrameEndsItsConnection() async throws {
        var limits = Limits.standard
        limits.frameProgressMilliseconds = 300
        let server = try await Self.server(limits)
        let peer = try RawPeer(port: server.endpoint.port)
        try peer.send(RawPeer.header(bodyByteCount: limits.bodyBytesMax, id: 2) + [1, 2, 3])
        #expect(peer.readGoodbye() == .slowPeer)
        await server.stop()
    }

    @Test(.timeLimit(.minutes(1))) func tricklingFrameEndsItsConnection() async throws {
        var limits = Limits.standard
        limits.frameProgressMilliseconds = 300
        let server = try await Self.server(limits)
        let peer = try RawPeer(port: server.endpoint.port)
        try peer.send(RawPeer.header(bodyByteCount: limits.bodyBytesMax, id: 2))
        // A few bytes are no progress.
        var count = 0
        while count < 2_000, !peer.hasInput(within: 5) {
            try? peer.send([0])
            count += 1
        }
        #expect(peer.readGoodbye() == .slowPeer)
        await server.stop()
    }

    @Test(.timeLimit(.minutes(1))) func unreadRepliesEndTheirConnection() async throws {
        var limits = Limits.standard
        limits.streamProgressMilliseconds = 500
        let server = try await Self.server(limits)
        try await server.withClient { (client: KindredClient) async throws in
            let peer = try RawPeer(port: server.endpoint.port, receiveBytes: 4_096)
            for _ in 0..<40 { try peer.send(Self.vectorsRequest(itemCount: 200, repeats: 40)) }
            #expect(
                try await Self.waits(for: "connections_failed_total", of: client) { $0 == 1 },
                "a peer that never reads is never ended")
            #expect(try await Self.waits(for: "connection_bytes_held", of: client) { $0 == 0 })
        }
        await server.stop()
    }

    /// Many peers ask for large replies and read nothing: the server's memory stays within its bound, and small
    /// requests are answered.
    @Test(.timeLimit(.minutes(2))) func unreadRepliesHaveABound() async throws {
        var limits = Limits.standard
        limits.connectionBytesHeldMax = 16 << 20
        let server = try await Self.server(limits)
        try await server.withClient { (client: KindredClient) async throws in
            var peers: [RawPeer] = []
            for _ in 0..<40 {
                let peer = try RawPeer(port: server.endpoint.port, receiveBytes: 4_096)
                for _ in 0..<10 { _ = try? peer.send(Self.vectorsRequest(itemCount: 200, repeats: 40)) }
                peers.append(peer)
                let held = try await client.stats()["connection_bytes_held"] ?? 0
                // One request with its reply may exceed the bound.
                #expect(held <= limits.connectionBytesHeldMax + (8 << 20), "\(held) bytes are held")
                #expect(try await client.recommend(.item("3"), k: 3).results.count == 3)
            }
            #expect(try await client.stats()["connections_evicted_total"] ?? 0 > 0)
            // A client that reads is answered.
            let ids = (0..<200).map { ExternalID.number(UInt64($0 * 3)) }
            #expect(try await client.vectors(of: ids, side: .items).vectors.count == 200)
            peers = []
            #expect(try await Self.waits(for: "connection_bytes_held", of: client) { $0 == 0 })
        }
        await server.stop()
    }

    /// A peer sends small requests without end and reads no reply.
    @Test(.timeLimit(.minutes(1))) func unreadSmallRepliesStopTheReading() async throws {
        var generator = SeededGenerator.announced()
        let folder = try TemporaryFolder()
        let items = VectorShape.flat.rows(count: 2, dimension: 8, using: &generator)
        // So that the list of models is long.
        for number in 0..<40 { try folder.pack("model-\(number)", items: items) }
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            let peer = try RawPeer(port: server.endpoint.port, receiveBytes: 4_096)
            let requests = (0..<20_000).flatMap { _ in RawPeer.frame(.modelList(nil), id: peer.takeID()) }
            let sender = Task.detached { [requests] in try? peer.send(requests) }
            #expect(try await Self.waits(for: "connection_bytes_held", of: client) { $0 > 0 })
            for _ in 0..<200 {
                let held = try await client.stats()["connection_bytes_held"] ?? 0
                #expect(held < 4 << 20, "\(held) bytes are held for a peer that reads nothing")
            }
            sender.cancel()
            await server.stop()
            _ = await sender.value
        }
    }

    @Test(.timeLimit(.minutes(2))) func unfinishedFramesHaveABound() async throws {
        var limits = Limits.standard
        limits.connectionBytesHeldMax = 16 << 20
        let server = try await Self.server(limits)
        let part = [UInt8](repeating: 0, count: Int(limits.bodyBytesMax) - 4_096)
        try await server.withClient { (client: KindredClient) async throws in
            var peers: [RawPeer] = []
            for _ in 0..<20 {
                let peer = try RawPeer(port: server.endpoint.port)
                try? peer.send(RawPeer.header(bodyByteCount: limits.bodyBytesMax, id: peer.takeID()) + part)
                peers.append(peer)
                #expect(try await client.recommend(.item("3"), k: 3).results.count == 3)
                let held = try await client.stats()["connection_bytes_held"] ?? 0
                // One loop asks another to make room, which takes a moment.
                #expect(
                    held <= limits.connectionBytesHeldMax + UInt64(limits.bodyBytesMax), "\(held) are held")
            }
            #expect(try await client.stats()["connections_evicted_total"] ?? 0 > 0)
            // The peer that has owed longest is cut off, the last one is not.
            #expect(peers[0].readGoodbye() == .slowPeer)
            let last = try #require(peers.last)
            try last.send([UInt8](repeating: 0, count: 4_096))
            let reply = try #require(last.readFrame())
            #expect(UInt16(truncatingIfNeeded: reply.header.argument) == StatusCode.malformedBody.rawValue)
        }
        await server.stop()
    }

    /// A peer that closes its sending side at once gets its answers.
    @Test(.timeLimit(.minutes(1))) func halfClosedPeerIsAnswered() async throws {
        let server = try await Self.server()
        let peer = try RawPeer(port: server.endpoint.port)
        var request = RecommendRequest(
            scope: QueryScope(queries: .items(.numbers([3])), target: .items), k: 10)
        request.wantsScores = true
        try peer.send((0..<1_000).flatMap { _ in RawPeer.frame(.recommend(request), id: peer.takeID()) })
        peer.endOutput()
        var answered = 0
        while let frame = peer.readFrame() {
            let isReply = frame.header.type == MessageType.recommend.rawValue | MessageType.replyBit
            answered += isReply && frame.header.argument == 0 ? 1 : 0
        }
        #expect(answered == 1_000)
        await server.stop()
    }

    @Test(.timeLimit(.minutes(1))) func halfCloseCancelsAStreamThatWaitsForSeeds() async throws {
        var generator = SeededGenerator.announced()
        let folder = try TemporaryFolder()
        try folder.pack(users: VectorShape.flat.rows(count: 100, dimension: 8, using: &generator))
        let server = try await RunningServer(folder)
        let peer = try RawPeer(port: server.endpoint.port)
        // Without END: seeds follow.
        try peer.send(.lookalike(LookalikeRequest(size: .count(5))), end: false)
        peer.endOutput()
        let reply = try #require(peer.readFrame())
        #expect(UInt16(truncatingIfNeeded: reply.header.argument) == StatusCode.cancelled.rawValue)
        #expect(peer.readFrame() == nil)
        await server.stop()
    }

    /// Replies that are larger than the system's buffers.
    @Test(.timeLimit(.minutes(1))) func halfClosedPeerGetsLargeReplies() async throws {
        let server = try await Self.server()
        let peer = try RawPeer(port: server.endpoint.port, receiveBytes: 4_096)
        for _ in 0..<4 { try peer.send(Self.vectorsRequest(itemCount: 200, repeats: 50)) }
        peer.endOutput()
        // The system's buffers are full, and the server waits.
        try await server.withClient { (client: KindredClient) async throws in
            #expect(try await Self.waits(for: "connection_bytes_held", of: client) { $0 > 0 })
        }
        var ended: Set<UInt64> = []
        while let frame = peer.readFrame() {
            if frame.header.isEnd, frame.header.argument == 0 { ended.insert(frame.header.requestID) }
        }
        #expect(ended == [2, 3, 4, 5])
        await server.stop()
    }

    /// A stream that ends while seeds wait gives back their memory, and its connection goes on.
    @Test(.timeLimit(.minutes(1))) func streamThatEndsWithWaitingSeedsLeavesItsConnectionUsable() async throws
    {
        var generator = SeededGenerator.announced()
        let folder = try TemporaryFolder()
        try folder.pack(users: VectorShape.flat.rows(count: 100, dimension: 8, using: &generator))
        let server = try await RunningServer(folder)
        let peer = try RawPeer(port: server.endpoint.port)
        var request = LookalikeRequest(size: .count(5))
        request.seeds = .numbers((0..<500_000).map { $0 })
        try peer.send(.lookalike(request), timeoutMilliseconds: 1, end: false)
        try peer.send(.ping(7))
        var types: Set<UInt8> = []
        for _ in 0..<2 { types.insert(try #require(peer.readFrame()).header.type) }
        #expect(types == [MessageType.lookalike.rawValue | 0x80, MessageType.ping.rawValue | 0x80])
        try await server.withClient { (client: KindredClient) async throws in
            #expect(try await Self.waits(for: "connection_bytes_held", of: client) { $0 == 0 })
        }
        await server.stop()
    }

    /// A draining server does not wait for peers that read nothing.
    @Test(.timeLimit(.minutes(1))) func drainDoesNotWaitForPeersThatReadNothing() async throws {
        let server = try await Self.server(drainMilliseconds: 30_000)
        var peers: [RawPeer] = []
        for _ in 0..<4 {
            let peer = try RawPeer(port: server.endpoint.port, receiveBytes: 4_096)
            for _ in 0..<20 { try peer.send(Self.vectorsRequest(itemCount: 200, repeats: 40)) }
            peers.append(peer)
        }
        let frame = try RawPeer(port: server.endpoint.port)
        try frame.send(RawPeer.header(bodyByteCount: 1 << 20, id: 2) + [1])
        let start = ContinuousClock.now
        await server.stop()
        #expect(ContinuousClock.now - start < .seconds(5))
        withExtendedLifetime((peers, frame)) {}
    }

    /// Requests whose planning would wait too long are refused before they are planned.
    @Test(.timeLimit(.minutes(2))) func heavyRequestsAreRefusedBeforeTheyArePlanned() async throws {
        var limits = Limits.standard
        limits.queueMillisecondsMax = 5
        let server = try await Self.server(limits, itemCount: 2_000)
        let members = (0..<512).map { ExternalID.number(UInt64($0 * 3)) }
        let basket = Query.basket(members.map { BasketMember($0) })
        let batch = Array(repeating: basket, count: isOptimised ? 200 : 20)
        try await server.withClient(connections: 8) { (client: KindredClient) async throws in
            let wanted = try await client.recommendBatch([basket], k: 3).map { try $0.get().results }
            // So that the duration of a step is known.
            _ = try await client.recommendBatch(batch, k: 3)
            // How many requests wait at once depends on how fast the client sends, so a round may see no refusal.
            var refused: [KindredError] = []
            var answeredCount = 0
            for _ in 0..<50 where refused.isEmpty || answeredCount == 0 {
                let outcomes = await withTaskGroup(of: KindredError?.self) { group in
                    for _ in 0..<64 {
                        group.addTask {
                            do {
                                let answers = try await client.recommendBatch(batch, k: 3)
                                for answer in answers { #expect(try answer.get().results == wanted[0]) }
                                return nil
                            } catch {
                                return error as? KindredError
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                refused += outcomes.compactMap { $0 }
                answeredCount += outcomes.count { $0 == nil }
            }
            #expect(!refused.isEmpty && answeredCount > 0)
            for error in refused {
                #expect(error.name == "OVERLOADED" && error.isNotProcessed)
                #expect((error.retryAfter ?? .zero) > .zero)
            }
            // Every charge was given back.
            #expect(try await client.recommendBatch(batch, k: 3).count == batch.count)
            #expect(try await client.stats()["connection_bytes_held"] == 0)
        }
        await server.stop()
    }

    @Test func acceptedSocketsHaveNoDelay() async throws {
        let server = try await Self.server()
        let peer = try RawPeer(port: server.endpoint.port)
        // The server is in this process: its end of the connection is the socket whose peer has this peer's port.
        var found: Int32?
        for descriptor in Int32(3)..<1_024 {
            var address = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &size) }
            }
            guard code == 0, UInt16(bigEndian: address.sin_port) == peer.localPort else { continue }
            var isOn: Int32 = 0
            var optionSize = socklen_t(MemoryLayout<Int32>.size)
            try #require(getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, &optionSize) == 0)
            found = isOn
        }
        #expect(found == 1, "TCP_NODELAY of the accepted socket")
        await server.stop()
    }
}
