import Glibc
import KindredClient
import KindredDomain
import KindredWire

/// A closed loop of recommendations by user: so many requests in flight over a few connections, each answered one
/// followed by the next user's. One thread, `poll`, bodies encoded once: next to nothing beside the server.
final class RequestLoad: @unchecked Sendable {
    /// One answered request.
    struct Reply {
        let user: Int
        let sent: ContinuousClock.Instant
        let received: ContinuousClock.Instant

        var latency: Duration { received - sent }
    }

    private struct Connection {
        let socket: FrameSocket
        /// HELLO has had 1.
        var requestID: UInt64 = 1
        var inFlight: [UInt64: (user: Int, sent: ContinuousClock.Instant)] = [:]
        var output: [UInt8] = []
    }

    private static let timeoutMilliseconds: UInt32 = 30_000

    private let inFlight: Int
    /// By user, RECOMMEND's body.
    private let bodies: [[UInt8]]
    private var connections: [Connection]
    private var nextUser = 0
    private var header = ByteWriter()

    /// Connects. Users have the ids 0 ..< `users`; requests are spread evenly over the connections.
    init(_ endpoint: Endpoint, users: Int, k: Int, connections count: Int, inFlight: Int) throws {
        precondition(users > 0 && count > 0 && inFlight >= count)
        self.inFlight = inFlight
        bodies = (0..<users).map { user in
            var writer = ByteWriter()
            let scope = QueryScope(queries: .users(.numbers([UInt64(user)])), target: .items)
            ClientMessage.recommend(RecommendRequest(scope: scope, k: UInt32(k))).encodeBody(into: &writer)
            return writer.bytes
        }
        connections = try (0..<count).map { _ in Connection(socket: try FrameSocket(endpoint)) }
    }

    /// Asks, the first user first, until `handle` says for a reply that nothing more is to be asked; then gives it
    /// the rest of the replies and returns. Blocks.
    func run(_ handle: (Reply, RawSpan) throws -> Bool) throws {
        nextUser = 0
        var goesOn = true
        for number in 0..<inFlight { append(to: number % connections.count) }
        for index in connections.indices { try flush(index) }
        var waiting = inFlight
        var states = connections.map { pollfd(fd: $0.socket.descriptor, events: Int16(POLLIN), revents: 0) }
        while waiting > 0 {
            guard poll(&states, nfds_t(states.count), -1) > 0 else {
                if errno == EINTR { continue }
                throw BenchFailure.system(call: "poll", path: "\(states.count) connections", code: errno)
            }
            for index in states.indices where states[index].revents != 0 {
                try connections[index].socket.receive()
                let now = ContinuousClock.now
                while let isAskingOn = try take(index, now, handle) {
                    goesOn = goesOn && isAskingOn
                    if goesOn { append(to: index) } else { waiting -= 1 }
                }
                try flush(index)
            }
        }
    }

    /// Handles the next reply that a connection has read; nil where it has none.
    private func take(
        _ index: Int, _ now: ContinuousClock.Instant, _ handle: (Reply, RawSpan) throws -> Bool
    ) throws -> Bool? {
        let socket = connections[index].socket
        return try socket.takeFrame { header, body in
            guard let request = connections[index].inFlight.removeValue(forKey: header.requestID),
                header.status == StatusCode.ok.rawValue
            else {
                throw WireFailure.refused(
                    requestID: header.requestID,
                    reply: "\(try ServerReply.decode(header: header, body: body))")
            }
            return try handle(Reply(user: request.user, sent: request.sent, received: now), body)
        }
    }

    private func append(to index: Int) {
        let body = bodies[nextUser]
        connections[index].requestID += 1
        let requestID = connections[index].requestID
        header.removeAll()
        FrameHeader(
            bodyLength: UInt32(body.count), type: MessageType.recommend.rawValue, flags: .end,
            requestID: requestID, argument: Self.timeoutMilliseconds
        ).encode(into: &header)
        connections[index].output += header.bytes
        connections[index].output += body
        connections[index].inFlight[requestID] = (nextUser, ContinuousClock.now)
        nextUser = (nextUser + 1) % bodies.count
    }

    private func flush(_ index: Int) throws {
        guard !connections[index].output.isEmpty else { return }
        try connections[index].socket.send(connections[index].output)
        connections[index].output.removeAll(keepingCapacity: true)
    }
}
