internal import KindredDomain
package import KindredWire
package import NIOCore

/// The client's side of one connection as a value: bytes and time in, actions out.
///
/// A `Ticket` stands for the caller that waits for a request: a continuation in the channel handler, a number in tests.
/// The state owns a ticket from `submit` or `next` until an action gives it back, exactly once.
package struct ConnectionState<Ticket: Sendable>: ~Copyable {
    /// The handler's next step after `receive`.
    package enum Action: Sendable {
        /// The bytes end inside a frame: call again with more.
        case needBytes
        /// Nothing to do for this frame.
        case proceed
        /// HELLO was accepted.
        case opened(HelloReply)
        case reply(Ticket, ServerReply)
        case failed(Ticket, KindredError)
        /// An event for a stream's reader, and the window limit to grant with it.
        case event(Ticket, StreamEvent, requestID: UInt64, windowLimit: UInt64?)
        /// The server takes no new requests; these were not processed.
        case draining(GoAway, notProcessed: [Ticket])
        /// The connection cannot go on.
        case close(KindredError)
    }

    /// The handler's next step after `submit`.
    package enum SubmitAction: Sendable {
        /// Send it under this id with this timeout.
        case send(requestID: UInt64, timeoutMilliseconds: UInt32)
        case refuse(Ticket, KindredError)
    }

    /// The handler's next step after `next`.
    package enum NextAction: Sendable {
        /// The ticket waits for the next event, until that time at most.
        case wait(until: NIODeadline?)
        case deliver(Ticket, StreamEvent, windowLimit: UInt64?)
    }

    enum Phase {
        case preface, hello, ready, draining, closed
    }

    var phase = Phase.preface
    var limits = Limits.standard
    /// The greatest request id so far.
    package private(set) var lastRequestID: UInt64 = ConnectionState.helloRequestID
    var requests: [UInt64: InFlightRequest<Ticket>] = [:]
    /// Requests whose caller still waits. The others keep their slot until their END.
    var awaitedCount = 0
    /// Why the connection ended.
    private var closeError: KindredError?
    /// Why the connection must end now.
    var fault: KindredError?
    /// Frames without a use since the last useful one.
    var unaskedCount = 0

    /// The request id of HELLO.
    package static var helloRequestID: UInt64 { 1 }

    package init() {}

    /// True when the server takes no more requests and no caller waits for an answer.
    package var isDrained: Bool { phase == .draining && awaitedCount == 0 }

    /// Why the connection must be closed now; nil while it is useful.
    package var endError: KindredError? {
        fault ?? (isDrained ? .connectionLost("the server ended the connection") : nil)
    }

    /// True between HELLO_OK and GOAWAY.
    package var isReady: Bool { phase == .ready }

    /// Requests that have no END reply yet.
    package var inFlightCount: Int { requests.count }

    // MARK: Requests

    /// Adds a request. `deadline` is that of its answer, for a stream that of its first rows.
    package mutating func submit(
        _ ticket: Ticket, type: MessageType, expecting expectation: ReplyAssembler.Expectation,
        stream: StreamState? = nil, deadline: NIODeadline, now: NIODeadline
    ) -> SubmitAction {
        switch phase {
        case .ready: break
        case .draining:
            return .refuse(ticket, KindredError(.draining, "the server is shutting down: connect again"))
        case .preface, .hello, .closed:
            let error = closeError ?? .connectionLost("the connection is not open")
            return .refuse(ticket, error.notProcessed)
        }
        guard deadline > now else { return .refuse(ticket, KindredError.deadlineExceeded().notProcessed) }
        guard requests.count < Int(limits.requestsInFlightMax), lastRequestID < Limits.requestIDMax else {
            let message = "\(requests.count) requests in flight, at most \(limits.requestsInFlightMax)"
            return .refuse(ticket, KindredError(.overloaded, message))
        }
        lastRequestID += 1
        requests[lastRequestID] = InFlightRequest(
            type: type, ticket: stream == nil ? ticket : nil, expecting: expectation, stream: stream,
            deadline: deadline, now: now)
        awaitedCount += 1
        // Rounded up, so that the server does not give up first.
        let milliseconds = ((deadline - now).nanoseconds + 999_999) / 1_000_000
        return .send(
            requestID: lastRequestID,
            timeoutMilliseconds: min(UInt32(clamping: milliseconds), limits.timeoutMillisecondsMax))
    }

    /// The next event for the reader of a stream. The reader waits for it as long as for the first rows.
    package mutating func next(_ ticket: Ticket, requestID: UInt64, now: NIODeadline) -> NextAction {
        guard var request = requests[requestID], request.isStream, !request.isAbandoned else {
            return .deliver(ticket, .failed(closeError ?? .cancelled), windowLimit: nil)
        }
        // A second ticket would replace the first one, whose reader would never be resumed.
        guard request.ticket == nil else {
            return .deliver(ticket, .failed(.concurrentRead), windowLimit: nil)
        }
        guard let (event, windowLimit) = request.stream?.next(now: now) else {
            request.ticket = ticket
            if request.hasRows { request.deadline = now + request.readTimeout }
            requests[requestID] = request
            return .wait(until: request.nextMoment)
        }
        requests[requestID] = request
        release(requestID, after: event)
        return .deliver(ticket, event, windowLimit: windowLimit)
    }

    /// Gives up a request. Returns its ticket, whether to send CANCEL, and then the time until which the server owes
    /// END.
    package mutating func abandon(
        _ requestID: UInt64, now: NIODeadline
    ) -> (ticket: Ticket?, sendsCancel: Bool, owedBy: NIODeadline?) {
        guard requests[requestID]?.isAbandoned == false else { return (nil, false, nil) }
        let ticket = letGo(requestID)
        guard var request = requests[requestID], phase == .ready || phase == .draining else {
            return (ticket, false, nil)
        }
        request.giveUp(owedBy: now + .milliseconds(Limits.replyOwedMilliseconds))
        requests[requestID] = request
        return (ticket, true, request.owedBy)
    }

    /// Takes the ticket of a request, and keeps the request's slot while the server owes END.
    mutating func letGo(_ requestID: UInt64) -> Ticket? {
        guard var request = requests[requestID], !request.isAbandoned else { return nil }
        let ticket = request.abandon()
        awaitedCount -= 1
        requests[requestID] = request.isEndReceived ? nil : request
        return ticket
    }

    /// True while DATA may still be sent for a stream.
    package func acceptsSeeds(_ requestID: UInt64) -> Bool {
        guard let request = requests[requestID] else { return false }
        return !request.isOver
    }

    /// Notes that the last seeds of a stream are sent.
    package mutating func endSeeds(_ requestID: UInt64) { requests[requestID]?.stream?.seedsHaveEnded = true }

    /// Gives up the requests whose time is over. Returns them, and the next time to look.
    package mutating func expire(
        now: NIODeadline
    ) -> (expired: [(requestID: UInt64, ticket: Ticket?)], next: NIODeadline?) {
        var tickets: [(UInt64, Ticket?)] = []
        var next: NIODeadline?
        for id in requests.keys.sorted() {
            guard var request = requests[id], var moment = request.nextMoment else { continue }
            if moment <= now {
                if request.owedBy != nil {
                    fault = .connectionLost(
                        "the server has not ended request \(id), which was given up "
                            + "\(Limits.replyOwedMilliseconds / 1_000) s ago")
                    continue
                }
                moment = now + .milliseconds(Limits.replyOwedMilliseconds)
                request.giveUp(owedBy: moment)
                // A stream keeps the failure for its reader, which may not be waiting now.
                request.stream?.fail(.deadlineExceeded())
                let ticket = request.isStream ? request.ticket : nil
                if request.isStream { request.ticket = nil }
                requests[id] = request
                tickets.append((id, request.isStream ? ticket : letGo(id)))
            }
            next = min(next ?? moment, moment)
        }
        return (tickets, next)
    }

    /// Ends the connection and returns every ticket with its error. Rows that have arrived can still be read.
    ///
    /// Requests after `begunThrough` were never sent: their error says that they were not processed.
    package mutating func close(
        _ error: KindredError, begunThrough: UInt64 = .max
    ) -> [(ticket: Ticket, error: KindredError)] {
        phase = .closed
        closeError = error
        var tickets: [(Ticket, KindredError)] = []
        for id in requests.keys.sorted() {
            guard var request = requests[id] else { continue }
            let own = id > begunThrough ? error.notProcessed : error
            request.stream?.fail(own)
            request.isEndReceived = true
            request.giveUp()
            requests[id] = request
            if let ticket = request.ticket { tickets.append((ticket, own)) }
            if !request.isStream || request.ticket != nil || request.isAbandoned {
                _ = letGo(id)
                requests[id] = nil
            }
        }
        return tickets
    }

    /// Removes a stream whose reader has got the last event.
    mutating func release(_ id: UInt64, after event: StreamEvent) {
        if case .rows = event { return }
        _ = letGo(id)
    }
}
