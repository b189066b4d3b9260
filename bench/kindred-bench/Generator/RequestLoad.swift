import KindredClient
import KindredDomain
import KindredWire
import KindredTerminal

/// Sends a pool's requests over a few connections, in a closed or an open loop. One thread with `epoll` and pre-encoded
/// bodies takes little time from the server.
final class RequestLoad: @unchecked Sendable {
    typealias Instant = ContinuousClock.Instant

    /// One frame of an answer.
    struct Reply {
        /// Index of the request in the pool.
        let entry: Int
        /// The planned send time; in a closed loop the actual one.
        let intended: Instant
        let sent: Instant
        let received: Instant
        let header: FrameHeader
        /// Equal for all frames of one answer, and unique to it.
        let ticket: UInt64

        var isEnd: Bool { header.type & MessageType.replyBit != 0 && header.isEnd }
        var latency: Duration { received - intended }

        /// Throws for an answer that is not OK.
        func requireOK(_ body: RawSpan) throws {
            guard header.status == StatusCode.ok.rawValue else {
                throw WireFailure.refused(
                    requestID: header.requestID,
                    reply: "\(try ServerReply.decode(header: header, body: body))")
            }
        }
    }

    private struct Pending {
        let entry: Int
        let intended: Instant
    }

    /// Requests due at the same time are sent in one call for each connection, up to so many.
    private static let dueTogetherMax = 128
    /// Longest single wait, so that a silent server is noticed.
    private static let waitMax = Duration.seconds(1)
    /// Time beyond the request's timeout in which a server must answer.
    private static let silenceAllowance = Duration.seconds(10)

    let pool: RequestPool
    private let timeoutMilliseconds: UInt32
    private let share: LoadShare
    private let stop: LoadStop?
    private let poll: SocketPoll
    private var connections: [LoadConnection]
    private(set) var receivedByteCount = 0
    /// Counts of the latest open loop.
    private(set) var openLoop = OpenLoopTally()

    private var nextEntry = 0
    /// Distance between a thread's requests in the pool. All threads together send what one would.
    private let step: Int
    private var nextConnection = 0
    private var isSending = true
    /// Requests in flight, including those deferred until a stream ends.
    private var waiting = 0
    private var deferred: [Pending] = []
    /// Connections with queued requests, in an open loop.
    private var unflushed: [Int] = []

    /// Connects. `share`: this thread's share of the pool. A run throws soon after `stop` is set.
    init(
        _ endpoint: Endpoint, pool: RequestPool, connections count: Int, timeoutMilliseconds: UInt32 = 30_000,
        share: LoadShare = .whole, stop: LoadStop? = nil
    ) throws {
        precondition(!pool.entries.isEmpty && count > 0)
        self.pool = pool
        self.timeoutMilliseconds = timeoutMilliseconds
        self.share = share
        self.stop = stop
        step = share.count % pool.entries.count
        poll = try SocketPoll()
        connections = try (0..<count).map { _ in LoadConnection(try FrameSocket(endpoint)) }
        for (token, connection) in connections.enumerated() {
            try poll.add(connection.socket.descriptor, token: token)
        }
    }

    var sentByteCount: Int { connections.reduce(0) { $0 + $1.sentByteCount } }

    /// Sends requests from `start` on, beginning with the first of its share, until the pacing ends or `handle` returns
    /// false for a complete answer. Then waits for the remaining answers. Blocks.
    ///
    /// `handle` gets each frame of an answer; the last one has `isEnd`. Throws where the server closes the connection
    /// or is silent.
    func run(
        _ pacing: Pacing, from start: Instant = .now, _ handle: (Reply, RawSpan) throws -> Bool
    ) throws {
        precondition(waiting == 0, "the run before was drained")
        (nextEntry, nextConnection, isSending) = (share.number % pool.entries.count, 0, true)
        while case let ahead = start - .now, ahead > .zero { try poll.wait(for: ahead) { _, _, _ in } }
        switch pacing {
        case .closed(let inFlight): try runClosed(inFlight: inFlight, handle)
        case .open(let arrivals, let inFlightMax):
            try runOpen(arrivals, start, inFlightMax: inFlightMax, handle)
        }
    }

    // MARK: Closed loop

    private func runClosed(inFlight: Int, _ handle: (Reply, RawSpan) throws -> Bool) throws {
        let count = connections.count
        let shares = (0..<count).map { inFlight / count + ($0 < inFlight % count ? 1 : 0) }
        for index in connections.indices { try fill(index, shares[index], inFlight) }
        var lastHeard = Instant.now
        while waiting - deferred.count > 0 {
            try poll.wait(for: Self.waitMax) { index, isReadable, _ in
                if isReadable {
                    lastHeard = try receive(index, handle)
                    if isSending { try fill(index, shares[index], inFlight) }
                }
                try connections[index].flush(poll, token: index)
            }
            try checkGoingOn(since: lastHeard)
        }
        waiting -= deferred.count
        deferred.removeAll()
    }

    /// Sends until a connection has its share of requests in flight. Look-alikes beyond the limit of streams are
    /// deferred.
    private func fill(_ index: Int, _ share: Int, _ deferredMax: Int) throws {
        let now = Instant.now
        while connections[index].inFlightCount < share {
            if !deferred.isEmpty, connections[index].hasRoomForStream {
                append(deferred.removeFirst(), to: index, now)
            } else if !isStream(nextEntry) || connections[index].hasRoomForStream {
                waiting += 1
                append(Pending(entry: takeEntry(), intended: now), to: index, now)
            } else if deferred.count < deferredMax {
                waiting += 1
                deferred.append(Pending(entry: takeEntry(), intended: now))
            } else {
                break
            }
        }
        try connections[index].flush(poll, token: index)
    }

    // MARK: Open loop

    private func runOpen(
        _ schedule: Arrivals, _ start: Instant, inFlightMax: Int, _ handle: (Reply, RawSpan) throws -> Bool
    ) throws {
        openLoop = OpenLoopTally()
        var arrivals = schedule
        let end = start + .seconds(arrivals.seconds)
        var lastHeard = start
        var isHeldBack = false
        while true {
            var now = Instant.now
            if isSending {
                isHeldBack = try sendDue(&arrivals, start, isHeldBack: isHeldBack, inFlightMax, &now)
                if now >= end {
                    while arrivals.next != nil {
                        openLoop.unsent += 1
                        openLoop.due += 1
                        arrivals.advance()
                    }
                    isSending = false
                }
            }
            if !isSending, waiting == 0 { break }
            // Due requests are sent; the wait until the next one begins now.
            let next = isSending && !isHeldBack ? arrivals.next.map { start + .seconds($0) } : nil
            let until = next ?? (isSending ? end : now + Self.waitMax)
            try poll.wait(for: min(until - now, Self.waitMax)) { index, isReadable, _ in
                if isReadable {
                    lastHeard = try receive(index, handle)
                    if !deferred.isEmpty, connections[index].hasRoomForStream {
                        append(deferred.removeFirst(), to: index, lastHeard)
                    }
                }
                try connections[index].flush(poll, token: index)
            }
            if waiting == 0 { lastHeard = .now }
            try checkGoingOn(since: lastHeard)
        }
    }

    /// State of the due requests after a pass.
    private enum Due {
        case nothing
        case more
        /// The limit in flight delays the next request.
        case heldBack
    }

    /// Sends the requests due at `now`, which is updated. Returns true where the limit in flight delayed one.
    private func sendDue(
        _ arrivals: inout Arrivals, _ start: Instant, isHeldBack wasHeldBack: Bool, _ inFlightMax: Int,
        _ now: inout Instant
    ) throws -> Bool {
        var due = Due.more
        while due == .more {
            due = appendDue(&arrivals, start, isHeldBack: wasHeldBack, inFlightMax, &now)
            for index in unflushed { try connections[index].flush(poll, token: index) }
            unflushed.removeAll(keepingCapacity: true)
        }
        return due == .heldBack
    }

    /// Queues due requests, at most `dueTogetherMax`.
    private func appendDue(
        _ arrivals: inout Arrivals, _ start: Instant, isHeldBack wasHeldBack: Bool, _ inFlightMax: Int,
        _ now: inout Instant
    ) -> Due {
        for _ in 0..<Self.dueTogetherMax {
            guard let time = arrivals.next else { return .nothing }
            let intended = start + .seconds(time)
            if intended > now {
                now = .now
                if intended > now { return .nothing }
            }
            guard waiting < inFlightMax else { return .heldBack }
            let pending = Pending(entry: nextEntry, intended: intended)
            let isStream = isStream(nextEntry)
            if let index = place(forStream: isStream) {
                if wasHeldBack { openLoop.late += 1 }
                if !connections[index].hasOutput { unflushed.append(index) }
                append(pending, to: index, now)
            } else if isStream {
                openLoop.late += 1
                deferred.append(pending)
            } else {
                return .heldBack
            }
            _ = takeEntry()
            waiting += 1
            openLoop.due += 1
            openLoop.inFlightMax = max(openLoop.inFlightMax, waiting)
            arrivals.advance()
        }
        return .more
    }

    /// The next connection with room, in turn; nil without one.
    private func place(forStream isStream: Bool) -> Int? {
        for _ in connections.indices {
            let index = nextConnection
            nextConnection = index + 1 == connections.count ? 0 : index + 1
            if isStream ? connections[index].hasRoomForStream : connections[index].hasRoom { return index }
        }
        return nil
    }

    // MARK: Both

    private func isStream(_ entry: Int) -> Bool { pool.entries[entry].type == .lookalike }

    private func takeEntry() -> Int {
        let entry = nextEntry
        let following = entry + step
        nextEntry = following < pool.entries.count ? following : following - pool.entries.count
        return entry
    }

    private func append(_ pending: Pending, to index: Int, _ now: Instant) {
        pool.withBody(pending.entry) { body in
            connections[index].append(
                LoadConnection.Request(
                    entry: pending.entry, intended: pending.intended, sent: now,
                    type: pool.entries[pending.entry].type),
                body: body, timeoutMilliseconds: timeoutMilliseconds)
        }
        openLoop.sendDelay.record(now - pending.intended)
    }

    /// Reads once and handles every complete frame. Returns the time of the read.
    private func receive(_ index: Int, _ handle: (Reply, RawSpan) throws -> Bool) throws -> Instant {
        let socket = connections[index].socket
        try socket.receive()
        let now = Instant.now
        while try take(socket, index, now, handle) {}
        return now
    }

    private func take(
        _ socket: FrameSocket, _ index: Int, _ now: Instant, _ handle: (Reply, RawSpan) throws -> Bool
    ) throws -> Bool {
        try socket.takeFrame { header, body in
            receivedByteCount += FrameHeader.byteCount + body.byteCount
            guard let request = connections[index].take(header, bodyByteCount: body.byteCount) else {
                throw WireFailure.refused(
                    requestID: header.requestID,
                    reply: "\(try ServerReply.decode(header: header, body: body))")
            }
            let reply = Reply(
                entry: request.entry, intended: request.intended, sent: request.sent, received: now,
                header: header,
                ticket: header.requestID &* UInt64(connections.count) &+ UInt64(index))
            let isAskingOn = try handle(reply, body)
            if reply.isEnd {
                waiting -= 1
                isSending = isSending && isAskingOn
            }
            return true
        } ?? false
    }

    private func checkGoingOn(since lastHeard: Instant) throws {
        try stop?.check()
        let silence = Instant.now - lastHeard
        guard silence > .milliseconds(Int(timeoutMilliseconds)) + Self.silenceAllowance else { return }
        throw WireFailure.silent(requests: waiting, seconds: silence.inSeconds)
    }
}
