/// Why a connection ends: its peer broke the protocol or is too slow. A closed set: the 06xx status codes.
package enum ConnectionFailure: Error, Sendable, Equatable {
    /// The first eight bytes, as a little-endian integer.
    case badMagic(found: UInt64)
    case foreignProtocol(ForeignProtocol)
    case badHeaderCRC(stated: UInt32, computed: UInt32)
    case wrongVersion(found: UInt8)
    case frameTooLarge(bytes: UInt32, limit: UInt32)
    case badLength(UInt32)
    /// A frame that is not allowed now: a reply from a client, a request before HELLO, DATA without a stream.
    case unexpectedFrame(type: UInt8, requestID: UInt64)
    /// A peer sent more DATA than was granted, or a WINDOW beyond the greatest window.
    case flowControl(sent: UInt64, limit: UInt64)
    case handshakeTimeout(milliseconds: UInt32)
    case idleTimeout(milliseconds: UInt32)
    /// An unfinished frame that makes no progress, or takes too long.
    case slowFrame(milliseconds: UInt32)
    /// The peer does not read its replies.
    case slowReader(milliseconds: UInt32)
    /// The server needs the memory that it holds for a slow peer.
    case outOfRoom(bytes: UInt64)
    /// Too many control frames.
    case excessiveControl(frames: UInt64)
    case unsupportedFlag(UInt16)

    /// The code that GOAWAY carries.
    package var status: StatusCode {
        switch self {
        case .badMagic, .foreignProtocol: .badMagic
        case .badHeaderCRC: .badHeaderCRC
        case .wrongVersion, .unexpectedFrame: .unexpectedFrame
        case .frameTooLarge: .frameTooLarge
        case .badLength: .badLength
        case .flowControl: .flowControl
        case .handshakeTimeout: .handshakeTimeout
        case .idleTimeout: .idleTimeout
        case .slowFrame, .slowReader, .outOfRoom: .slowPeer
        case .excessiveControl: .excessiveControl
        case .unsupportedFlag: .unsupportedFlag
        }
    }
}

extension ConnectionFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .badMagic(let found):
            "the first bytes are 0x\(String(found.byteSwapped, radix: 16)): "
                + "a Kindred preface begins with 0x\(String(Preface.magic.byteSwapped, radix: 16))"
        case .foreignProtocol(let other): "the first bytes are \(other): this port speaks Kindred's protocol"
        case .badHeaderCRC(let stated, let computed):
            "the frame header says checksum \(stated), its bytes have \(computed)"
        case .wrongVersion(let found):
            "a frame of version \(found): this connection chose \(ProtocolVersion.major)"
        case .frameTooLarge(let bytes, let limit): "a body of \(bytes) bytes: at most \(limit)"
        case .badLength(let bytes): "a body of \(bytes) bytes: a multiple of 8"
        case .unexpectedFrame(let type, let requestID):
            "a frame of type 0x\(String(type, radix: 16)) for request \(requestID) has no place here"
        case .flowControl(let sent, let limit): "\(sent) bytes of DATA where \(limit) were granted"
        case .handshakeTimeout(let milliseconds): "no preface and HELLO within \(milliseconds) ms"
        case .idleTimeout(let milliseconds): "no traffic for \(milliseconds) ms"
        case .slowFrame(let milliseconds):
            "a frame that is not complete makes no progress within \(milliseconds) ms"
        case .slowReader(let milliseconds): "replies are not read within \(milliseconds) ms"
        case .outOfRoom(let bytes):
            "the server is short of memory, and this connection holds \(bytes) bytes: read replies, finish frames"
        case .excessiveControl(let frames): "\(frames) control frames without a request"
        case .unsupportedFlag(let flags):
            "frame flags 0x\(String(flags, radix: 16)): bits 12 to 15 mean nothing in this version"
        }
    }
}
