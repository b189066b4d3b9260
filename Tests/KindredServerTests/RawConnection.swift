import Glibc
import KindredDomain
import KindredWire

/// A socket to a server of this process, for what no client sends. Blocks for at most ten seconds at a time.
final class RawConnection {
    struct Failure: Error { let call: String }

    private let descriptor: Int32

    /// Connects and exchanges prefaces.
    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket") }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(call: "connect") }
        var writer = ByteWriter()
        ClientPreface().encode(into: &writer)
        try send(writer.bytes)
        let answer = try receive(Preface.byteCount)
        _ = try ServerPreface(decoding: answer.span.bytes)
    }

    deinit { close(descriptor) }

    private func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(call: "send") }
            sent += count
        }
    }

    private func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let more = bytes[received...].withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress, $0.count, 0)
            }
            guard more > 0 else { throw Failure(call: "recv") }
            received += more
        }
        return bytes
    }

    func send(_ message: ClientMessage, id: UInt64, timeoutMilliseconds: UInt32 = 0, end: Bool = true) throws
    {
        var writer = ByteWriter()
        message.encode(requestID: id, timeoutMilliseconds: timeoutMilliseconds, end: end, into: &writer)
        try send(writer.bytes)
    }

    /// The next frame.
    func reply() throws -> ServerReply {
        let start = try receive(FrameHeader.byteCount)
        let header = try FrameHeader(decoding: start.span.bytes, bodyBytesMax: Limits.standard.bodyBytesMax)
        let body = try receive(Int(header.bodyLength))
        return try ServerReply.decode(header: header, body: body.span.bytes)
    }
}
