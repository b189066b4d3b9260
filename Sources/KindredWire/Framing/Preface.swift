#if _endian(big)
    #error("KindredWire copies columns as they stand in memory, which must be little-endian")
#endif

/// The version of the protocol that this module speaks.
package enum ProtocolVersion {
    /// Changes when the frame header or a parse rule changes.
    package static let major: UInt8 = 1
    /// Grows with every addition to the messages.
    package static let minor: UInt16 = 0
}

/// The 16 bytes that each side sends before its first frame. They are the same in all versions.
package enum Preface {
    /// Bytes of either preface.
    package static let byteCount = 16
    /// The eight bytes both prefaces begin with, as a little-endian integer: 89 4B 4E 44 0D 0A 1A 0A.
    ///
    /// Like PNG's signature, they reveal a transfer that changes line ends or drops the high bit.
    package static let magic: UInt64 = 0x0A1A_0A0D_444E_4B89

    /// Throws `badMagic` unless the 16 bytes of a preface begin with the magic.
    static func checkMagic(_ bytes: RawSpan) throws(ConnectionFailure) {
        let found = bytes.integer(at: 0, as: UInt64.self)
        guard found == magic else { throw .badMagic(found: found) }
    }
}

/// The client's preface: the major versions that it speaks.
package struct ClientPreface: Sendable, Equatable {
    package var majorMin: UInt8
    package var majorMax: UInt8

    package init(majorMin: UInt8 = ProtocolVersion.major, majorMax: UInt8 = ProtocolVersion.major) {
        self.majorMin = majorMin
        self.majorMax = majorMax
    }

    /// Reads a preface from at least `Preface.byteCount` bytes.
    ///
    /// Throws `badMagic`. The six reserved bytes are ignored.
    package init(decoding bytes: RawSpan) throws(ConnectionFailure) {
        try Preface.checkMagic(bytes)
        majorMin = bytes.integer(at: 8, as: UInt8.self)
        majorMax = bytes.integer(at: 9, as: UInt8.self)
    }

    /// The greatest major version that both sides speak, or nil.
    package var chosenMajor: UInt8? {
        majorMin <= ProtocolVersion.major && ProtocolVersion.major <= majorMax ? ProtocolVersion.major : nil
    }

    /// Appends the 16 bytes.
    package func encode(into writer: inout ByteWriter) {
        let start = writer.appendZeros(Preface.byteCount)
        writer.store(Preface.magic, at: start)
        writer.store(majorMin, at: start + 8)
        writer.store(majorMax, at: start + 9)
    }
}

/// The server's preface: the version that it chose, or why it refuses.
package struct ServerPreface: Sendable, Equatable {
    /// Why a connection is refused. A newer server may send other values.
    package enum Refusal: UInt8, Sendable {
        case none = 0
        case version = 1
        case draining = 2
        case overloaded = 3
        case tooManyConnections = 4
    }

    /// 0: refused.
    package var chosenMajor: UInt8
    /// The least version that the server speaks.
    package var majorMin: UInt8 = ProtocolVersion.major
    /// The greatest version that the server speaks.
    package var majorMax: UInt8 = ProtocolVersion.major
    /// `Refusal`'s number, as it was sent.
    package var refusalCode: UInt8
    /// Wait before the client connects again; 0: none.
    package var retryAfterMilliseconds: UInt32

    /// A preface that accepts the connection with one major version.
    package init(accepting major: UInt8 = ProtocolVersion.major) {
        chosenMajor = major
        refusalCode = Refusal.none.rawValue
        retryAfterMilliseconds = 0
    }

    /// A preface that refuses the connection.
    package init(refusing refusal: Refusal, retryAfterMilliseconds: UInt32) {
        chosenMajor = 0
        refusalCode = refusal.rawValue
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }

    /// Reads a preface from at least `Preface.byteCount` bytes. Throws `badMagic`.
    package init(decoding bytes: RawSpan) throws(ConnectionFailure) {
        try Preface.checkMagic(bytes)
        chosenMajor = bytes.integer(at: 8, as: UInt8.self)
        majorMin = bytes.integer(at: 9, as: UInt8.self)
        majorMax = bytes.integer(at: 10, as: UInt8.self)
        refusalCode = bytes.integer(at: 11, as: UInt8.self)
        retryAfterMilliseconds = bytes.integer(at: 12, as: UInt32.self)
    }

    /// Appends the 16 bytes.
    package func encode(into writer: inout ByteWriter) {
        let start = writer.appendZeros(Preface.byteCount)
        writer.store(Preface.magic, at: start)
        writer.store(chosenMajor, at: start + 8)
        writer.store(majorMin, at: start + 9)
        writer.store(majorMax, at: start + 10)
        writer.store(refusalCode, at: start + 11)
        writer.store(retryAfterMilliseconds, at: start + 12)
    }
}

/// Another protocol that a client speaks by mistake, recognized by its first bytes so that the log can name it.
package enum ForeignProtocol: Sendable, Equatable {
    case http
    case tls

    /// The protocol of a connection with these first bytes; nil when it is unknown or more bytes are needed. HTTP needs
    /// four bytes, TLS two.
    package init?(firstBytes bytes: RawSpan) {
        if bytes.byteCount >= 2, bytes.integer(at: 0, as: UInt16.self) == 0x0316 {
            self = .tls
            return
        }
        guard bytes.byteCount >= 4 else { return nil }
        let word = bytes.integer(at: 0, as: UInt32.self)
        guard Self.methods.contains(where: { $0 == word }) else { return nil }
        self = .http
    }

    /// The first four bytes of HTTP's methods and of HTTP/2's preface.
    private static let methods: [UInt32] = [
        word("GET "), word("POST"), word("HEAD"), word("PUT "), word("OPTI"), word("DELE"), word("PATC"),
        word("CONN"), word("PRI "),
    ]

    private static func word(_ text: StaticString) -> UInt32 {
        text.withUTF8Buffer { UnsafeRawBufferPointer($0).loadUnaligned(as: UInt32.self) }
    }
}

extension ForeignProtocol: CustomStringConvertible {
    package var description: String {
        switch self {
        case .http: "an HTTP request"
        case .tls: "a TLS hello"
        }
    }
}
