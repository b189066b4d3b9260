import KindredClient
import KindredWire

/// A blocking connection that can only PING: one thread, one system call each way.
final class PingSocket: @unchecked Sendable {
    private let socket: FrameSocket
    /// HELLO has had 1.
    private var requestID: UInt64 = 1
    private var writer = ByteWriter()

    /// Connects and says HELLO. The endpoint's host is an IPv4 address.
    init(_ endpoint: Endpoint) throws { socket = try FrameSocket(endpoint) }

    /// The time to the server and back. Throws where the answer is not this request's.
    func ping() throws -> Duration {
        requestID += 1
        let start = ContinuousClock.now
        writer.removeAll()
        ClientMessage.ping(requestID).encode(
            requestID: requestID, timeoutMilliseconds: 0, end: true, into: &writer)
        try socket.send(writer.bytes)
        let (type, answered) = try socket.waitForFrame { header, _ in (header.type, header.requestID) }
        let elapsed = ContinuousClock.now - start
        guard type == MessageType.ping.rawValue | MessageType.replyBit, answered == requestID else {
            throw BenchFailure.strangeReply(type: type, requestID: answered, wanted: requestID)
        }
        return elapsed
    }
}
