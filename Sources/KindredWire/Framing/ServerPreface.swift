/// The server's preface: the version it chose, or why it refuses.
package struct ServerPreface: Sendable, Equatable {
    /// Why a connection is refused. Newer servers may send values this one does not know.
    package enum Refusal: UInt8, Sendable {
        case none = 0
        case version = 1
        case draining = 2
        case overloaded = 3
        case tooManyConnections = 4
    }

    /// 0: refused.
    package var chosenMajor: UInt8
    package var majorMin: UInt8 = ProtocolVersion.major
    package var majorMax: UInt8 = ProtocolVersion.major
    /// `Refusal`'s number, as it was sent.
    package var refusalCode: UInt8
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
