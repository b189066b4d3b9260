internal import KindredWire
internal import NIOCore

/// A request on its way to the event loop: its body is encoded on the caller's thread, its header, which holds
/// the id, on the event loop.
struct OutgoingRequest: Sendable {
    let type: MessageType
    let body: [UInt8]
    /// False: DATA with seeds follows.
    var isEnd = true
    var expectation: ReplyAssembler.Expectation = .single
    var stream: StreamState?
    let deadline: NIODeadline

    init(_ message: ClientMessage, deadline: NIODeadline) {
        type = message.type
        var writer = ByteWriter()
        message.encodeBody(into: &writer)
        body = writer.bytes
        self.deadline = deadline
    }
}
