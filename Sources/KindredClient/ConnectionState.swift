internal import KindredDomain
package import KindredWire
package import NIOCore

/// The client's side of one connection as a value: bytes and time in, actions out.
///
/// `Ticket` is what waits for a request: a continuation in the channel handler, a number in tests. The state
/// owns a ticket from `submit` or `next` until an action gives it back, exactly once.
package struct ConnectionState<Ticket: Sendable>: ~Copyable {
    /// What the caller does after one step of `receive`.
    package enum Action: Sendable {
        /// The bytes end inside a frame: come back with more.
        case needBytes
        /// Nothing to do for this frame.
        case proceed
        /// HELLO was accepted.
        case opened(HelloReply)
        case reply(Ticket, ServerReply)
        case failed(Ticket, KindredError)
        /// An event for a stream's reader, and the limit to grant with it.
        case event(Ticket, StreamEvent, requestID: UInt64, windowLimit: UInt64?)
        /// The server takes no new requests; these were not processed.
        case draining(GoAway, notProcessed: [Ticket])
        /// The connection cannot go on.
        case close(KindredError)
    }

    /// What the caller does with a request it wants to make.
    package enum SubmitAction: Sendable {
        /// Send it under this id with this timeout.
        case send(requestID: UInt64, timeoutMilliseconds: UInt32)
        case refuse(Ticket, KindredError)
    }

    /// What the caller does for a stream's reader.
    package enum NextAction: Sendable {
        /// The ticket waits for the next event.
        case wait
        case deliver(Ticket, StreamEvent, windowLimit: UInt64?)
    }

    private enum Phase {
        case preface, hello, ready, draining, closed
    }

    private var phase = Phase.preface
    private var limits = Limits.standard
    private var lastRequestID: UInt64 = ConnectionState.helloRequestID
    private var requests: [UInt64: InFlightRequest<Ticket>] = [:]
    /// Requests somebody still waits for; the others only keep their slot until their END.
    private var awaitedCount = 0
    /// Why the connection ended.
    private var closeError: KindredError?

    /// The request id of HELLO.
    package static var helloRequestID: UInt64 { 1 }

    package init() {}

    /// Why a connection that has been drained ends: nobody waits for it any more.
    package var isDrained: Bool { phase == .draining && awaitedCount == 0 }

    /// True between HELLO_OK and GOAWAY.
    package var isReady: Bool { phase == .ready }

    /// Requests that have no END reply yet.
    package var inFlightCount: Int { requests.count }

    // MARK: Requests

    /// Takes a request in. `deadline` runs to the answer, of a stream to its first rows.
    package mutating func submit(
        _ ticket: Ticket, type: MessageType, expecting expectation: ReplyAssembler.Expectation,
        stream: StreamState? = nil, deadline: NIODeadline, now: NIODeadline
    ) -> SubmitAction {
        switch phase {
        case .ready: break
        case .draining:
            return .refuse(ticket, KindredError(.draining, "the server is shutting down: connect again"))
        case .preface, .hello, .closed:
            var error = closeError ?? .connectionLost("the connection is not open")
            error.isNotProcessed = true
            return .refuse(ticket, error)
        }
        guard deadline > now else { return .refuse(ticket, .deadlineExceeded()) }
        guard requests.count < Int(limits.requestsInFlightMax), lastRequestID < Limits.requestIDMax else {
            let message = "\(requests.count) requests in flight, at most \(limits.requestsInFlightMax)"
            return .refuse(ticket, KindredError(.overloaded, message))
        }
        lastRequestID += 1
        requests[lastRequestID] = InFlightRequest(
            type: type, ticket: stream == nil ? ticket : nil,
            assembler: ReplyAssembler(expecting: expectation),
            deadline: deadline, stream: stream)
        awaitedCount += 1
        // Rounded up, so that the server does not give up before this side does.
        let milliseconds = ((deadline - now).nanoseconds + 999_999) / 1_000_000
        return .send(
            requestID: lastRequestID,
            timeoutMilliseconds: min(UInt32(clamping: milliseconds), limits.timeoutMillisecondsMax))
    }

    /// The reader of a stream wants its next event.
    package mutating func next(_ ticket: Ticket, requestID: UInt64) -> NextAction {
        guard var request = requests[requestID], request.stream != nil else {
            return .deliver(ticket, .failed(closeError ?? .cancelled), windowLimit: nil)
        }
        guard let (event, windowLimit) = request.stream?.next() else {
            request.ticket = ticket
            requests[requestID] = request
            return .wait
        }
        requests[requestID] = request
        release(requestID, after: event)
        return .deliver(ticket, event, windowLimit: windowLimit)
    }

    /// Nobody waits for a request any more. Returns its ticket, and whether to send CANCEL.
    package mutating func abandon(_ requestID: UInt64) -> (ticket: Ticket?, sendsCancel: Bool) {
        guard var request = requests[requestID], !request.isAbandoned else { return (nil, false) }
        let ticket = request.abandon()
        awaitedCount -= 1
        if request.hasEnded {
            requests[requestID] = nil
            return (ticket, false)
        }
        requests[requestID] = request
        return (ticket, phase == .ready || phase == .draining)
    }

    /// True while DATA may still be sent for a stream.
    package func acceptsSeeds(_ requestID: UInt64) -> Bool {
        guard let request = requests[requestID] else { return false }
        return !request.isAbandoned && !request.hasEnded
    }

    /// Finds the requests whose time has run out, and the next time to look.
    package mutating func expire(
        now: NIODeadline
    ) -> (expired: [(requestID: UInt64, ticket: Ticket?)], next: NIODeadline?) {
        var expired: [UInt64] = []
        var next: NIODeadline?
        for (id, request) in requests {
            guard let deadline = request.deadline else { continue }
            if deadline <= now { expired.append(id) } else { next = min(next ?? deadline, deadline) }
        }
        var tickets: [(UInt64, Ticket?)] = []
        for id in expired.sorted() {
            guard var request = requests[id] else { continue }
            request.deadline = nil
            if request.stream != nil {
                // A stream keeps the failure for its reader, who may not be waiting just now.
                let ticket = request.ticket
                request.ticket = nil
                request.stream?.fail(.deadlineExceeded())
                requests[id] = request
                tickets.append((id, ticket))
            } else {
                requests[id] = request
                tickets.append((id, abandon(id).ticket))
            }
        }
        return (tickets, next)
    }

    /// The connection has ended: every ticket comes back, to be told `error`. Rows that have arrived can still
    /// be read.
    package mutating func close(_ error: KindredError) -> [Ticket] {
        phase = .closed
        closeError = error
        var tickets: [Ticket] = []
        for id in requests.keys.sorted() {
            guard var request = requests[id] else { continue }
            request.stream?.fail(error)
            request.isEndReceived = true
            requests[id] = request
            if let ticket = request.ticket { tickets.append(ticket) }
            if !request.isStream || request.ticket != nil || request.isAbandoned {
                _ = abandon(id)
                requests[id] = nil
            }
        }
        return tickets
    }

    // MARK: Bytes

    /// Takes in the bytes that have arrived and not been consumed: at most one frame at a time.
    package mutating func receive(_ bytes: RawSpan) -> (consumed: Int, action: Action) {
        switch phase {
        case .closed: return (bytes.byteCount, .proceed)
        case .preface:
            guard bytes.byteCount >= Preface.byteCount else { return (0, .needBytes) }
            return (Preface.byteCount, receivePreface(bytes))
        case .hello, .ready, .draining: return receiveFrame(bytes)
        }
    }

    private mutating func receivePreface(_ bytes: RawSpan) -> Action {
        do throws(ConnectionFailure) {
            let preface = try ServerPreface(decoding: bytes)
            guard preface.chosenMajor == ProtocolVersion.major else { return .close(KindredError(preface)) }
            phase = .hello
            return .proceed
        } catch {
            return .close(.protocolError(error.status, error.description))
        }
    }

    private mutating func receiveFrame(_ bytes: RawSpan) -> (consumed: Int, action: Action) {
        guard bytes.byteCount >= FrameHeader.byteCount else { return (0, .needBytes) }
        let header: FrameHeader
        do throws(ConnectionFailure) {
            header = try FrameHeader(decoding: bytes, bodyBytesMax: limits.bodyBytesMax)
        } catch {
            return (0, .close(.protocolError(error.status, error.description)))
        }
        let end = FrameHeader.byteCount + Int(header.bodyLength)
        guard bytes.byteCount >= end else { return (0, .needBytes) }
        let body = bytes.extracting(FrameHeader.byteCount..<end)
        do throws(KindredError) {
            if phase == .hello { return (end, try receiveHello(header, body)) }
            if header.type == MessageType.goAway.rawValue { return (end, try receiveGoAway(header, body)) }
            return (end, try receiveReply(header, body))
        } catch {
            return (end, .close(error))
        }
    }

    private mutating func receiveHello(_ header: FrameHeader, _ body: RawSpan) throws(KindredError) -> Action
    {
        switch try decode(header, body) {
        case .helloOK(let reply) where header.requestID == Self.helloRequestID:
            limits = reply.limits
            // A server may lower the protocol's limits, never raise them.
            limits.bodyBytesMax = min(limits.bodyBytesMax, Limits.standard.bodyBytesMax)
            phase = .ready
            return .opened(reply)
        case .failure(let reply): throw KindredError(reply)
        case .goAway(let message): throw KindredError(message)
        default: throw unexpected(header)
        }
    }

    private mutating func receiveGoAway(_ header: FrameHeader, _ body: RawSpan) throws(KindredError) -> Action
    {
        guard case .goAway(let message) = try decode(header, body), header.requestID == 0 else {
            throw unexpected(header)
        }
        phase = .draining
        var tickets: [Ticket] = []
        for id in requests.keys.sorted() where id > message.lastRequestID {
            if let ticket = requests[id]?.ticket {
                tickets.append(ticket)
                _ = abandon(id)
            } else {
                requests[id]?.stream?.fail(KindredError(message))
            }
        }
        return .draining(message, notProcessed: tickets)
    }

    private mutating func receiveReply(_ header: FrameHeader, _ body: RawSpan) throws(KindredError) -> Action
    {
        let id = header.requestID
        guard var request = requests[id] else { throw unexpected(header) }
        let isData = header.type == MessageType.data.rawValue
        guard isData ? request.isStream && !header.isEnd : header.type == request.replyType else {
            throw unexpected(header)
        }
        if request.isAbandoned || request.hasEnded {
            if header.isEnd { finish(id) }
            return .proceed
        }
        let reply = try decode(header, body)
        if isData {
            guard case .data(let rows) = reply else { throw unexpected(header) }
            // The deadline runs to the first rows.
            request.deadline = nil
            try request.stream?.receive(rows, bodyByteCount: body.byteCount)
            requests[id] = request
            return deliver(id)
        }
        let whole: ServerReply?
        do throws(RequestFailure) {
            whole = try request.assembler.append(reply, isEnd: header.isEnd)
        } catch {
            throw .protocolError(.malformedBody, "the reply to request \(id): \(error)")
        }
        guard let whole else {
            requests[id] = request
            return .proceed
        }
        guard request.isStream else {
            finish(id)
            guard let ticket = request.ticket else { return .proceed }
            if case .failure(let failure) = whole { return .failed(ticket, KindredError(failure)) }
            return .reply(ticket, whole)
        }
        request.isEndReceived = true
        request.deadline = nil
        switch whole {
        case .lookalike(let summary): try request.stream?.receive(summary)
        case .failure(let failure): request.stream?.fail(KindredError(failure))
        default: throw unexpected(header)
        }
        requests[id] = request
        return deliver(id)
    }

    /// Gives a waiting reader its next event.
    private mutating func deliver(_ id: UInt64) -> Action {
        guard var request = requests[id], let ticket = request.ticket,
            let (event, windowLimit) = request.stream?.next()
        else { return .proceed }
        request.ticket = nil
        requests[id] = request
        release(id, after: event)
        return .event(ticket, event, requestID: id, windowLimit: windowLimit)
    }

    /// The reader has the last event: the stream is nobody's any more.
    private mutating func release(_ id: UInt64, after event: StreamEvent) {
        if case .rows = event { return }
        _ = abandon(id)
    }

    private mutating func finish(_ id: UInt64) {
        guard var request = requests[id] else { return }
        request.isEndReceived = true
        // A stream that failed on this side keeps its error until the reader has it.
        if request.isStream, !request.isAbandoned {
            requests[id] = request
            return
        }
        if !request.isAbandoned { awaitedCount -= 1 }
        requests[id] = nil
    }

    private func decode(_ header: FrameHeader, _ body: RawSpan) throws(KindredError) -> ServerReply {
        do throws(RequestFailure) {
            return try ServerReply.decode(header: header, body: body)
        } catch {
            throw .protocolError(error.status, "the reply to request \(header.requestID): \(error)")
        }
    }

    private func unexpected(_ header: FrameHeader) -> KindredError {
        let failure = ConnectionFailure.unexpectedFrame(type: header.type, requestID: header.requestID)
        return .protocolError(failure.status, failure.description)
    }
}
