import Glibc
import KindredClient
import KindredWire

/// A blocking connection for bytes and frames. It measures the server and the kernel without a client's tasks and event
/// loops, which would compete for the same processors.
///
/// For one thread.
final class FrameSocket: @unchecked Sendable {
    /// Bytes of one read; large enough for many replies.
    private static let readByteCount = 64 << 10

    /// For `poll`.
    let descriptor: Int32
    private let endpoint: Endpoint
    /// Received bytes; those from `next` to `end` are unread.
    private var buffer: [UInt8] = []
    private var next = 0
    private var end = 0

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
        var writer = ByteWriter()
        ClientPreface().encode(into: &writer)
        ClientMessage.hello(HelloRequest(clientName: "kindred-bench")).encode(
            requestID: 1, timeoutMilliseconds: 0, end: true, into: &writer)
        try send(writer.bytes)
        while end - next < Preface.byteCount { try receive() }
        next += Preface.byteCount
        try waitForFrame { _, _ in }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Self.failure("send", endpoint) }
            sent += count
        }
    }

    /// Sends as many bytes from `start` on as the kernel takes without waiting. Returns their number.
    func sendSome(_ bytes: [UInt8], from start: Int) throws -> Int {
        let count = bytes.withUnsafeBytes {
            Glibc.send(
                descriptor, $0.baseAddress! + start, $0.count - start,
                Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return 0 }
        guard count > 0 else { throw Self.failure("send", endpoint) }
        return count
    }

    /// Reads once; waits where nothing has arrived. Throws where the server has closed the connection.
    func receive() throws {
        if next > 0 {
            buffer.withUnsafeMutableBytes {
                $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer($0)[next..<end]))
            }
            end -= next
            next = 0
        }
        let missing = end + Self.readByteCount - buffer.count
        if missing > 0 { buffer.append(contentsOf: repeatElement(0, count: missing)) }
        let read = buffer.withUnsafeMutableBytes {
            recv(descriptor, $0.baseAddress! + end, Self.readByteCount, 0)
        }
        guard read != 0 else { throw WireFailure.closed(endpoint: endpoint.description) }
        guard read > 0 else { throw Self.failure("recv", endpoint) }
        end += read
    }

    /// Calls `body` with the next complete frame; nil where there is none.
    func takeFrame<Result>(_ body: (FrameHeader, RawSpan) throws -> Result) throws -> Result? {
        guard end - next >= FrameHeader.byteCount else { return nil }
        // A second reference avoids a copy and lets `body` use the socket.
        let bytes = buffer
        let span = bytes.span.bytes
        let header = try FrameHeader(
            decoding: span.extracting(next..<next + FrameHeader.byteCount),
            bodyBytesMax: Limits.standard.bodyBytesMax)
        let start = next + FrameHeader.byteCount
        let length = Int(header.bodyLength)
        guard length <= end - start else { return nil }
        next = start + length
        return try body(header, span.extracting(start..<start + length))
    }

    /// Waits for the next frame and calls `body` with it.
    func waitForFrame<Result>(_ body: (FrameHeader, RawSpan) throws -> Result) throws -> Result {
        while true {
            if let result = try takeFrame(body) { return result }
            try receive()
        }
    }

    private static func failure(_ call: String, _ endpoint: Endpoint) -> BenchFailure {
        .system(call: call, path: endpoint.description, code: errno)
    }
}
