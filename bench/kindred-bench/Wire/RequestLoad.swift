import KindredClient
import KindredDomain
import KindredWire
import KindredTerminal

/// Requests of a pool over a few connections, in a closed or an open loop. One thread, `epoll`, bodies
/// encoded once: next to nothing beside the server.
final class RequestLoad: @unchecked Sendable {
    typealias Instant = ContinuousClock.Instant

    /// One frame of an answer.
    struct Reply {
        /// The request's number in the pool.
        let entry: Int
        /// When the request was to be sent; in a closed loop when it was.
        let intended: Instant
        let sent: Instant
        let received: Instant
        let header: FrameHeader
        /// The same for all frames of an answer, and for no other one's.
        let ticket: UInt64

        var isEnd: Bool { header.type & MessageType.replyBit != 0 && header.isEnd }
        var latency: Duration { received - intended }

        /// Throws where the request was answered with a failure.
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

    /// Requests that are put together before they are sent, at most: what is due at once goes out in one call for each
    /// connection.
    private static let dueTogetherMax = 128
    /// Waits are cut so that a silent server is seen.
    private static let waitMax = Duration.seconds(1)
    /// A server answers within the timeout, at least that the time is over; this comes on top.
    private static let silenceAllowance = Duration.seconds(10)

    let pool: RequestPool
    private let timeoutMilliseconds: UInt32
    private let share: LoadShare
    private let stop: LoadStop?
    private let poll: SocketPoll
    private var connections: [LoadConnection]
    private(set) var receivedByteCount = 0
    /// Of the latest run, where that was an open loop.
    private(set) var openLoop = OpenLoopTally()

    private var nextEntry = 0
    /// From a request's number in the pool to the next one's: all threads together ask what one alone would.
    private let step: Int
    private var nextConnection = 0
    private var goesOn = true
    /// Requests in flight, and those that wait for another stream to end.
    private var waiting = 0
    private var deferred: [Pending] = []
    /// Connections that have requests for the socket, in an open loop.
    private var unflushed: [Int] = []

    /// Connects. `share` is that of the pool's requests in turn. A run throws soon after `stop` was set.
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

    /// Asks from `start` on, the first request of its share of the pool first, until the pacing's time is over or
    /// `handle` says for a whole answer that nothing more is to be asked; then gives it the rest of the answers and
    /// returns. Blocks.
    ///
    /// `handle` gets each frame of an answer, the last one with `isEnd`. Throws where the server closes or is
    /// silent.
    func run(
        _ pacing: Pacing, from start: Instant = .now, _ handle: (Reply, RawSpan) throws -> Bool
    ) throws {
        precondition(waiting == 0, "the run before was drained")
        (nextEntry, nextConnection, goesOn) = (share.number % pool.entries.count, 0, true)
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
        var heard = Instant.now
        while waiting - deferred.count > 0 {
            try poll.wait(for: Self.waitMax) { index, isReadable, _ in
                if isReadable {
                    heard = try receive(index, handle)
                    if goesOn { try fill(index, shares[index], inFlight) }
                }
                try connections[index].flush(poll, token: index)
            }
            try checkGoingOn(since: heard)
        }
        waiting -= deferred.count
        deferred.removeAll()
    }

    /// Sends until a connection has its share of the requests in flight. Look-alikes wait where it has two
    /// already.
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
        var heard = start
        var isHeldBack = false
        while true {
            var now = Instant.now
            if goesOn {
                isHeldBack = try sendDue(&arrivals, start, isHeldBack: isHeldBack, inFlightMax, &now)
                if now >= end {
                    while arrivals.next != nil {
                        openLoop.unsent += 1
                        openLoop.due += 1
                        arrivals.advance()
                    }
                    goesOn = false
                }
            }
            if !goesOn, waiting == 0 { break }
            // What was due last was sent with these; the time until the next one is counted from now.
            let next = goesOn && !isHeldBack ? arrivals.next.map { start + .seconds($0) } : nil
            let until = next ?? (goesOn ? end : now + Self.waitMax)
            try poll.wait(for: min(until - now, Self.waitMax)) { index, isReadable, _ in
                if isReadable {
                    heard = try receive(index, handle)
                    if !deferred.isEmpty, connections[index].hasRoomForStream {
                        append(deferred.removeFirst(), to: index, heard)
                    }
                }
                try connections[index].flush(poll, token: index)
            }
            if waiting == 0 { heard = .now }
            try checkGoingOn(since: heard)
        }
    }

    /// What is left of the requests that are due.
    private enum Due {
        case nothing
        case more
        /// A limit of requests in flight holds the next one back.
        case heldBack
    }

    /// Sends what is due at `now`, which moves on meanwhile. True where the limit of requests in flight held
    /// one back.
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

    /// Puts together what is due, at most `dueTogetherMax` requests.
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

    /// The next connection in turn that has room; nil where none has.
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

    /// Reads once and handles every frame that is whole. Returns when it was read.
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
                goesOn = goesOn && isAskingOn
            }
            return true
        } ?? false
    }

    private func checkGoingOn(since heard: Instant) throws {
        try stop?.check()
        let silence = Instant.now - heard
        guard silence > .milliseconds(Int(timeoutMilliseconds)) + Self.silenceAllowance else { return }
        throw WireFailure.silent(requests: waiting, seconds: silence.inSeconds)
    }
}
