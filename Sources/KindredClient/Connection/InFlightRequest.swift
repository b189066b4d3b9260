internal import KindredDomain
internal import KindredWire
internal import NIOCore

/// One request that has no END reply yet, or whose stream has not been read to its end.
struct InFlightRequest<Ticket: Sendable>: Sendable {
    let type: MessageType
    /// The caller that waits; for a stream its reader, while it waits for the next event.
    var ticket: Ticket?
    var assembler: ReplyAssembler
    /// When the wait ends; nil while no caller waits, as while the reader of a stream is busy.
    var deadline: NIODeadline?
    var stream: StreamState?
    /// How long a stream's reader waits for rows.
    let readTimeout: TimeAmount
    /// When a stream ends at the latest.
    var endBy: NIODeadline?
    /// When the connection ends unless the server has sent the END of this request, which was given up.
    var owedBy: NIODeadline?
    /// True once rows have arrived.
    var hasRows = false
    /// True once the request was given up. The slot is kept until the server's END.
    private(set) var isAbandoned = false
    /// True once the server's END has arrived.
    var isEndReceived = false
    private var framesLeft: Int
    private var bytesHeld = 0

    init(
        type: MessageType, ticket: Ticket?, expecting expectation: ReplyAssembler.Expectation,
        stream: StreamState?, deadline: NIODeadline, now: NIODeadline
    ) {
        self.type = type
        self.ticket = ticket
        assembler = ReplyAssembler(expecting: expectation)
        framesLeft = expectation.framesMax
        self.deadline = deadline
        self.stream = stream
        readTimeout = deadline - now
        endBy = stream.map { now + $0.duration }
    }

    var isStream: Bool { stream != nil }

    var replyType: UInt8 { type.rawValue | MessageType.replyBit }

    /// True when further frames for the request are useless.
    var isOver: Bool { isAbandoned || isEndReceived || stream?.hasEnded == true }

    /// The next time at which the request may expire.
    var nextMoment: NIODeadline? {
        [owedBy, deadline, endBy].reduce(nil) { first, other in
            guard let first, let other else { return first ?? other }
            return min(first, other)
        }
    }

    /// Counts a frame of a reply. Throws PROTOCOL_ERROR where there are more frames or bytes than any answer has.
    mutating func noteFrame(bodyByteCount: Int) throws(KindredError) {
        framesLeft -= 1
        bytesHeld += bodyByteCount
        guard framesLeft >= 0 else {
            throw .protocolError(.unexpectedFrame, "an answer has more frames than was asked for things")
        }
        guard bytesHeld <= Limits.replyBytesHeldMax else {
            throw .protocolError(
                .frameTooLarge,
                "an answer has more than \(Limits.replyBytesHeldMax) bytes: ask for less at a time")
        }
    }

    /// Gives up the request: drops the buffered rows and returns the ticket.
    mutating func abandon() -> Ticket? {
        isAbandoned = true
        giveUp()
        stream?.clear()
        defer { ticket = nil }
        return ticket
    }

    /// Stops all timers but the one for the END that the server owes.
    mutating func giveUp(owedBy moment: NIODeadline? = nil) {
        deadline = nil
        endBy = nil
        if owedBy == nil { owedBy = moment }
    }
}
