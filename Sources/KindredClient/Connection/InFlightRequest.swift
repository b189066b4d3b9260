internal import KindredDomain
internal import KindredWire
internal import NIOCore

/// One request that has no END reply yet, or whose stream has not been read to its end.
struct InFlightRequest<Ticket: Sendable>: Sendable {
    let type: MessageType
    /// Who waits: of a stream its reader, while it waits for the next event.
    var ticket: Ticket?
    var assembler: ReplyAssembler
    /// Nil while nobody waits for the server: of a stream while its reader is busy.
    var deadline: NIODeadline?
    var stream: StreamState?
    /// How long a stream's reader waits for its next rows.
    let readTimeout: TimeAmount
    /// When a stream ends, whatever comes.
    var endBy: NIODeadline?
    /// When a server that has not sent the END of a request given up has lost its credit.
    var owedBy: NIODeadline?
    /// Rows have come.
    var hasRows = false
    /// Nobody waits; the slot is kept until END, which the server owes.
    private(set) var isAbandoned = false
    /// The server's END has come.
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

    /// Nothing that comes for the request is of use any more.
    var isOver: Bool { isAbandoned || isEndReceived || stream?.hasEnded == true }

    /// When to look at the request next.
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

    /// Lets go of the ticket and of what the stream has buffered.
    mutating func abandon() -> Ticket? {
        isAbandoned = true
        giveUp()
        stream?.clear()
        defer { ticket = nil }
        return ticket
    }

    /// No time runs any more but the one in which the server owes END.
    mutating func giveUp(owedBy moment: NIODeadline? = nil) {
        deadline = nil
        endBy = nil
        if owedBy == nil { owedBy = moment }
    }
}
