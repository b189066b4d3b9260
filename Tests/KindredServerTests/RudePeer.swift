import Glibc
import KindredDomain
import KindredWire
import Testing

/// A client without manners: a blocking socket that sends any bytes and reads only when told to. Waits end after ten
/// seconds.
final class RudePeer {
    private let descriptor: Int32
    private var nextID: UInt64 = 2
    private static let waitSeconds = 10

    /// Connects to a port of this machine and opens the connection properly. `receiveBytes`: of the system's buffer.
    init(port: Int, receiveBytes: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        if var bytes = receiveBytes {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var wait = timeval(tv_sec: Self.waitSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0, "connect: \(errno)")
        var writer = ByteWriter()
        ClientPreface().encode(into: &writer)
        try send(writer.bytes + Self.frame(.hello(HelloRequest(clientName: "raw")), id: 1))
        try #require(receive(16)?.count == 16)
        let hello = try #require(readFrame())
        try #require(hello.header.requestID == 1 && hello.header.argument == 0)
    }

    deinit { Glibc.close(descriptor) }

    /// A frame with END.
    static func frame(_ message: ClientMessage, id: UInt64, timeout: UInt32 = 0) -> [UInt8] {
        var body = ByteWriter()
        message.encodeBody(into: &body)
        return frame(type: message.type, id: id, body: body.bytes, timeout: timeout)
    }

    static func frame(type: MessageType, id: UInt64, body: [UInt8], timeout: UInt32 = 0) -> [UInt8] {
        var writer = ByteWriter()
        FrameHeader(
            bodyLength: UInt32(body.count), type: type.rawValue, flags: .end, requestID: id, argument: timeout
        ).encode(into: &writer)
        return writer.bytes + body
    }

    /// The header of a request whose body has so many bytes.
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
        defer { nextID += 1 }
        return nextID
    }

    /// Sends all bytes. Throws where the server has closed or takes none for ten seconds.
    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Closed() }
            sent += count
        }
    }

    struct Closed: Error {}

    func send(_ message: ClientMessage, timeout: UInt32 = 0) throws {
        try send(Self.frame(message, id: takeID(), timeout: timeout))
    }

    /// Whether the server sends something, or closes, within so many milliseconds.
    func hasInput(within milliseconds: Int32) -> Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, milliseconds) > 0
    }

    /// Tells the server that nothing follows; its replies are still read.
    func endOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// So many bytes; fewer where the server closed, nil where it sends nothing for ten seconds.
    private func receive(_ count: Int) -> [UInt8]? {
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

    /// The next frame; nil where the connection has ended.
    func readFrame() -> (header: FrameHeader, body: [UInt8])? {
        guard let bytes = receive(FrameHeader.byteCount), bytes.count == FrameHeader.byteCount else {
            return nil
        }
        let header = bytes.withUnsafeBytes { try? FrameHeader(decoding: $0.bytes, bodyBytesMax: 1 << 26) }
        guard let header, let body = receive(Int(header.bodyLength)) else { return nil }
        return (header, body)
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
