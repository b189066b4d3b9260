import Glibc
import KindredDomain
import KindredWire

/// A connection that sends what it is told and reads what comes, on the calling thread.
final class RawPeer {
    struct Reply {
        let header: FrameHeader
        let reply: ServerReply

        /// The status's name; `OK` for an answer.
        var status: String { StatusCode(rawValue: header.status)?.name ?? "unknown" }
    }

    enum Failure: Error {
        case system(String, Int32)
        case closed
    }

    private let descriptor: Int32
    private var input: [UInt8] = []
    private var lastID: UInt64 = 0

    /// Connects and says HELLO. Reads that take longer than `seconds` fail.
    init(port: Int, seconds: Int = 30) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw Failure.system("connect", errno) }
        var writer = ByteWriter()
        ClientPreface().encode(into: &writer)
        lastID = 1
        ClientMessage.hello(HelloRequest()).encode(
            requestID: 1, timeoutMilliseconds: 0, end: true, into: &writer)
        try send(writer.bytes)
        while input.count < Preface.byteCount { try fill() }
        input.removeFirst(Preface.byteCount)
        _ = try read()
    }

    deinit { close(descriptor) }

    /// Sends a request again and again, as one piece of bytes; the first one's id.
    @discardableResult
    func send(_ message: ClientMessage, count: Int = 1, timeoutMilliseconds: UInt32) throws -> UInt64 {
        var writer = ByteWriter()
        let first = lastID + 1
        for _ in 0..<count {
            lastID += 1
            message.encode(
                requestID: lastID, timeoutMilliseconds: timeoutMilliseconds, end: true, into: &writer)
        }
        try send(writer.bytes)
        return first
    }

    private func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure.system("send", errno) }
            sent += count
        }
    }

    /// The next frame.
    func read() throws -> Reply {
        while true {
            if input.count >= FrameHeader.byteCount {
                let header = try FrameHeader(decoding: input.span.bytes, bodyBytesMax: 4 << 20)
                let end = FrameHeader.byteCount + Int(header.bodyLength)
                if input.count >= end {
                    let body = Array(input[FrameHeader.byteCount..<end])
                    input.removeFirst(end)
                    return Reply(
                        header: header, reply: try ServerReply.decode(header: header, body: body.span.bytes))
                }
            }
            try fill()
        }
    }

    private func fill() throws {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count != 0 else { throw Failure.closed }
        guard count > 0 else { throw Failure.system("recv", errno) }
        input.append(contentsOf: buffer[..<count])
    }
}
