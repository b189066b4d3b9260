import Glibc
import KindredClient
import KindredWire

/// A blocking connection that can only PING.
///
/// One thread, one system call each way: what it measures is the server and the kernel, not a client's tasks and
/// event loops, which compete with the server's for the same processors.
final class PingSocket: @unchecked Sendable {
    private let descriptor: Int32
    private let endpoint: Endpoint
    private var requestID: UInt64 = 1
    private var writer = ByteWriter()

    /// Connects and says HELLO. The endpoint's host is an IPv4 address.
    init(_ endpoint: Endpoint) throws {
        self.endpoint = endpoint
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Self.failure("socket", endpoint) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(clamping: endpoint.port).bigEndian
        let connected = withUnsafeMutablePointer(to: &address) { pointer in
            inet_pton(AF_INET, endpoint.host, &pointer.pointee.sin_addr) == 1
                && pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                } == 0
        }
        guard connected else { throw Self.failure("connect", endpoint) }
        var on: Int32 = 1
        guard
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
                == 0
        else { throw Self.failure("setsockopt", endpoint) }
        ClientPreface().encode(into: &writer)
        ClientMessage.hello(HelloRequest(clientName: "kindred-bench")).encode(
            requestID: requestID, timeoutMilliseconds: 0, end: true, into: &writer)
        try send()
        _ = try receive(16)
        _ = try receiveFrame()
    }

    deinit { close(descriptor) }

    /// The time to the server and back. Throws where the answer is not this request's.
    func ping() throws -> Duration {
        requestID += 1
        let start = ContinuousClock.now
        ClientMessage.ping(requestID).encode(
            requestID: requestID, timeoutMilliseconds: 0, end: true, into: &writer)
        try send()
        let header = try receiveFrame()
        let elapsed = ContinuousClock.now - start
        guard header.type == MessageType.ping.rawValue | MessageType.replyBit, header.requestID == requestID
        else {
            throw BenchFailure.strangeReply(type: header.type, requestID: header.requestID, wanted: requestID)
        }
        return elapsed
    }

    private func send() throws {
        var sent = 0
        while sent < writer.bytes.count {
            let count = writer.bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Self.failure("send", endpoint) }
            sent += count
        }
        writer.removeAll()
    }

    private func receiveFrame() throws -> FrameHeader {
        let bytes = try receive(FrameHeader.byteCount)
        let header = try FrameHeader(decoding: bytes.span.bytes, bodyBytesMax: Limits.standard.bodyBytesMax)
        _ = try receive(Int(header.bodyLength))
        return header
    }

    private func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let read = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress! + received, count - received, 0)
            }
            guard read > 0 else { throw Self.failure("recv", endpoint) }
            received += read
        }
        return bytes
    }

    private static func failure(_ call: String, _ endpoint: Endpoint) -> BenchFailure {
        .system(call: call, path: endpoint.description, code: errno)
    }
}
