import Glibc
import KindredDomain
import KindredWire
import Testing

/// A client on a blocking socket, without the library's manners: it sends any bytes and reads only when it is told to.
/// Sends and reads end after ten seconds.
final class RawPeer {
    struct Frame {
        let header: FrameHeader
        let body: [UInt8]

        /// The decoded reply; nil where the frame does not decode.
        var reply: ServerReply? { try? ServerReply.decode(header: header, body: body.span.bytes) }

        /// The status's name; `OK` for an answer.
        var status: String { StatusCode(rawValue: header.status)?.name ?? "unknown" }
    }

    struct Closed: Error {}

    private static let waitSeconds = 10

    private let descriptor: Int32
    private var lastID: UInt64 = 1
    /// The reply to HELLO.
    let hello: Frame

    /// Connects to a port of this machine, and exchanges prefaces and HELLO. `receiveBytes`: the size of the system's
    /// receive buffer.
    init(port: Int, receiveBytes: Int32? = nil) throws {
        descriptor = try Self.connect(port, receiveBytes)
        var writer = ByteWriter()
        ClientPreface().encode(into: &writer)
        try Self.send(
            writer.bytes + Self.frame(.hello(HelloRequest(clientName: "raw")), id: 1), to: descriptor)
        try #require(Self.receive(Preface.byteCount, from: descriptor)?.count == Preface.byteCount)
        hello = try #require(Self.receiveFrame(from: descriptor))
        try #require(hello.header.requestID == 1 && hello.header.argument == 0)
    }

    deinit { Glibc.close(descriptor) }

    private static func connect(_ port: Int, _ receiveBytes: Int32?) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        if var bytes = receiveBytes {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var wait = timeval(tv_sec: waitSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0, "connect: \(errno)")
        return descriptor
    }

    // MARK: Frames as bytes

    /// A whole frame. `end`: no DATA follows for its request.
    static func frame(_ message: ClientMessage, id: UInt64, timeout: UInt32 = 0, end: Bool = true) -> [UInt8]
    {
        var writer = ByteWriter()
        message.encode(requestID: id, timeoutMilliseconds: timeout, end: end, into: &writer)
        return writer.bytes
    }

    /// The header of a RECOMMEND whose body has `bodyByteCount` bytes.
    static func header(bodyByteCount: UInt32, id: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        FrameHeader(
            bodyLength: bodyByteCount, type: MessageType.recommend.rawValue, flags: .end, requestID: id,
            argument: 0
        ).encode(into: &writer)
        return writer.bytes
    }

    /// The next request id.
    func takeID() -> UInt64 {
        lastID += 1
        return lastID
    }

    // MARK: Out

    /// Sends all bytes. Throws where the server has closed, or takes none for ten seconds.
    func send(_ bytes: [UInt8]) throws { try Self.send(bytes, to: descriptor) }

    /// Sends a request `count` times, as one piece of bytes. Returns the first one's id.
    @discardableResult
    func send(
        _ message: ClientMessage, count: Int = 1, timeoutMilliseconds: UInt32 = 0, end: Bool = true
    ) throws -> UInt64 {
        let first = lastID + 1
        try send(
            (0..<count).flatMap { _ in
                Self.frame(message, id: takeID(), timeout: timeoutMilliseconds, end: end)
            })
        return first
    }

    /// Tells the server that nothing follows. Its replies can still be read.
    func endOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    private static func send(_ bytes: [UInt8], to descriptor: Int32) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Closed() }
            sent += count
        }
    }

    // MARK: In

    /// Whether the server sends something, or closes, within so many milliseconds.
    func hasInput(within milliseconds: Int32) -> Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, milliseconds) > 0
    }

    /// The next frame; nil where the connection has ended, or nothing comes for ten seconds.
    func readFrame() -> Frame? { Self.receiveFrame(from: descriptor) }

    /// The next frame. Throws where the connection has ended, or nothing comes for ten seconds.
    func read() throws -> Frame {
        guard let frame = readFrame() else { throw Closed() }
        return frame
    }

    /// Reads to the end of the connection: the status of GOAWAY, if one came.
    func readGoodbye() -> StatusCode? {
        var status: StatusCode?
        while let frame = readFrame() {
            guard frame.header.type == MessageType.goAway.rawValue else { continue }
            status = StatusCode(rawValue: UInt16(frame.body[2]) | UInt16(frame.body[3]) << 8)
        }
        return status
    }

    private static func receiveFrame(from descriptor: Int32) -> Frame? {
        guard let bytes = receive(FrameHeader.byteCount, from: descriptor),
            bytes.count == FrameHeader.byteCount
        else { return nil }
        let header = try? FrameHeader(decoding: bytes.span.bytes, bodyBytesMax: 1 << 26)
        guard let header, let body = receive(Int(header.bodyLength), from: descriptor),
            body.count == Int(header.bodyLength)
        else { return nil }
        return Frame(header: header, body: body)
    }

    /// So many bytes; fewer where the server has closed, nil where it sends nothing for ten seconds.
    private static func receive(_ count: Int, from descriptor: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var found = 0
        while found < count {
            let more = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress! + found, count - found, 0)
            }
            if more < 0, errno == EAGAIN { return nil }
            guard more > 0 else { break }
            found += more
        }
        return Array(bytes[..<found])
    }

    /// The port on this side.
    var localPort: UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &size) }
        }
        return UInt16(bigEndian: address.sin_port)
    }
}
