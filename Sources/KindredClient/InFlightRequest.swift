internal import KindredWire
internal import NIOCore

/// One request that has no END reply yet, or whose stream has not been read to its end.
struct InFlightRequest<Ticket: Sendable>: Sendable {
    let type: MessageType
    /// Who waits: of a stream its reader, while it waits for the next event.
    var ticket: Ticket?
    var assembler: ReplyAssembler
    /// Nil once it no longer runs.
    var deadline: NIODeadline?
    var stream: StreamState?
    let isStream: Bool
    /// Nobody waits; the slot is kept until END, which the server owes.
    private(set) var isAbandoned = false
    var isEndReceived = false

    init(
        type: MessageType, ticket: Ticket?, assembler: ReplyAssembler, deadline: NIODeadline?,
        stream: StreamState?
    ) {
        self.type = type
        self.ticket = ticket
        self.assembler = assembler
        self.deadline = deadline
        self.stream = stream
        isStream = stream != nil
    }

    var replyType: UInt8 { type.rawValue | MessageType.replyBit }

    /// True when the server's END has come, or nothing of the stream is wanted any more on this side.
    var hasEnded: Bool { isEndReceived }

    /// Lets go of the ticket and of what the stream has buffered.
    mutating func abandon() -> Ticket? {
        isAbandoned = true
        deadline = nil
        stream = nil
        defer { ticket = nil }
        return ticket
    }
}
