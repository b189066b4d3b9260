import KindredDomain
import KindredWire

/// The state machine of a connection: decides the meaning of its bytes and which frames it may send. A value: no
/// sockets, no clock. The handler gives it bytes and the time, and executes the result.
package struct ConnectionState: ~Copyable {
    /// The meaning of the first bytes of the input.
    package enum Input: Equatable {
        /// More bytes are needed.
        case wait
        /// A client's preface: the reply to it. The connection closes where the reply refuses.
        case preface(ServerPreface)
        /// A whole frame: the bytes begin with its header, then its body.
        case frame(FrameHeader)
        /// The connection is closing: input is thrown away.
        case ignore
    }

    /// The decision about a frame.
    package enum Decision: Equatable {
        /// A new request, in flight from now on.
        case request
        /// WINDOW, CANCEL, DATA or GOAWAY.
        case control
        /// A request that is refused: it is answered with a failure, and is never in flight.
        case refuse(RequestFailure)
    }

    private enum Phase: Equatable {
        case preface
        case hello
        case open
        case closing
    }

    private let limits: Limits
    private var phase = Phase.preface
    private let openedAt: UInt64
    private var activeAt: UInt64
    package private(set) var lastRequestID: UInt64 = 0
    package private(set) var inFlightCount = 0
    package private(set) var isDraining = false
    /// The peer sends nothing more.
    package private(set) var inputHasEnded = false
    /// The client makes no more requests.
    private var isLeft = false

    /// A connection that was accepted at `now` nanoseconds.
    package init(limits: Limits, now: UInt64) {
        self.limits = limits
        openedAt = now
        activeAt = now
    }

    /// Reads the beginning of the input that was not consumed yet.
    ///
    /// A frame's length is checked by checksum and limit before its body is waited for.
    package mutating func read(_ bytes: RawSpan, now: UInt64) throws(ConnectionFailure) -> Input {
        activeAt = now
        switch phase {
        case .closing: return .ignore
        case .preface:
            if let foreign = ForeignProtocol(firstBytes: bytes) { throw .foreignProtocol(foreign) }
            try Self.checkBeginning(of: bytes)
            guard bytes.byteCount >= Preface.byteCount else { return .wait }
            guard let major = try ClientPreface(decoding: bytes).chosenMajor else {
                return .preface(ServerPreface(refusing: .version, retryAfterMilliseconds: 0))
            }
            phase = .hello
            return .preface(ServerPreface(accepting: major))
        case .hello, .open:
            guard bytes.byteCount >= FrameHeader.byteCount else { return .wait }
            let limit = phase == .hello ? limits.bodyBytesBeforeHelloMax : limits.bodyBytesMax
            let header = try FrameHeader(decoding: bytes, bodyBytesMax: limit)
            guard bytes.byteCount - FrameHeader.byteCount >= Int(header.bodyLength) else { return .wait }
            return .frame(header)
        }
    }

    /// Refuses a wrong magic number at its first wrong byte, not after the whole preface.
    private static func checkBeginning(of bytes: RawSpan) throws(ConnectionFailure) {
        let count = min(bytes.byteCount, 8)
        var found: UInt64 = 0
        for index in 0..<count {
            let byte = bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            found |= UInt64(byte) << UInt64(8 * index)
        }
        let mask: UInt64 = count == 8 ? .max : (1 << UInt64(8 * count)) - 1
        // A TLS hello or an HTTP method is recognised by up to four bytes, so it must have that many first.
        if count >= 4 || found == 0 || count == 0 {
            guard found == Preface.magic & mask else { throw .badMagic(found: found) }
        }
    }

    /// Decides about a whole frame.
    package mutating func decide(_ header: FrameHeader) throws(ConnectionFailure) -> Decision {
        let unexpected = ConnectionFailure.unexpectedFrame(type: header.type, requestID: header.requestID)
        guard header.type & MessageType.replyBit == 0 else { throw unexpected }
        let type = MessageType(rawValue: header.type)
        if phase == .hello {
            guard type == .hello else { throw unexpected }
            phase = .open
        } else if type == .hello {
            throw unexpected
        }
        switch type {
        case .goAway:
            guard header.requestID == 0 else { throw unexpected }
            return .control
        case .window, .cancel, .data:
            guard header.requestID > 0, header.requestID <= lastRequestID else { throw unexpected }
            return .control
        default: break
        }
        guard header.requestID > 0, header.requestID <= Limits.requestIDMax else { throw unexpected }
        guard !isLeft else { throw unexpected }
        guard header.requestID > lastRequestID else { return .refuse(.duplicateRequestID(header.requestID)) }
        // A refused request counts too: its DATA frames may follow.
        lastRequestID = header.requestID
        if isDraining, !Self.isAnsweredWhileDraining(type) { return .refuse(.draining) }
        guard inFlightCount < Int(limits.requestsInFlightMax) else {
            return .refuse(
                .limitExceeded(
                    .requestsInFlight, found: UInt64(inFlightCount) + 1,
                    limit: UInt64(limits.requestsInFlightMax)))
        }
        guard type != nil else { return .refuse(.unsupportedType(header.type)) }
        guard header.argument <= limits.timeoutMillisecondsMax else {
            return .refuse(
                .limitExceeded(
                    .timeoutMilliseconds, found: UInt64(header.argument),
                    limit: UInt64(limits.timeoutMillisecondsMax)))
        }
        inFlightCount += 1
        return .request
    }

    /// Whether a request asks about the server itself. Those are answered during a drain too.
    private static func isAnsweredWhileDraining(_ type: MessageType?) -> Bool {
        switch type {
        case .ping, .stats, .health: true
        default: false
        }
    }

    /// A request has had its END reply. True where the connection is about to end and has no request left.
    package mutating func complete(now: UInt64) -> Bool {
        inFlightCount -= 1
        activeAt = now
        return (isDraining || isLeft || inputHasEnded) && inFlightCount == 0
    }

    /// The peer sends nothing more, and all its frames were read. True where no request is left.
    package mutating func endInput() -> Bool {
        inputHasEnded = true
        return inFlightCount == 0
    }

    /// The client has sent GOAWAY: requests in flight are answered, a further one is an error. True where no request is
    /// left.
    package mutating func leave() -> Bool {
        isLeft = true
        return inFlightCount == 0
    }

    /// Refuses requests from now on, except requests about the server itself. True where no request is left.
    package mutating func drain() -> Bool {
        isDraining = true
        return inFlightCount == 0
    }

    /// Ends reading: all further input is thrown away.
    package mutating func close() { phase = .closing }

    package var isClosing: Bool { phase == .closing }

    /// True once both prefaces were sent, so that the peer understands frames.
    package var speaksFrames: Bool { phase == .hello || phase == .open }

    /// Bytes were sent: the connection is not idle.
    package mutating func noteActivity(now: UInt64) { activeAt = now }

    /// Whether no bytes were received or sent for so long.
    package func isQuiet(for milliseconds: UInt32, now: UInt64) -> Bool {
        now > activeAt && now - activeAt > UInt64(milliseconds) * 1_000_000
    }

    /// The timeout that has passed at `now`, if any.
    package func timeout(now: UInt64) -> ConnectionFailure? {
        switch phase {
        case .preface, .hello:
            let limit = limits.handshakeMilliseconds
            return now >= openedAt + UInt64(limit) * 1_000_000 ? .handshakeTimeout(milliseconds: limit) : nil
        case .open:
            let limit = limits.idleMilliseconds
            let isIdle = inFlightCount == 0 && now >= activeAt + UInt64(limit) * 1_000_000
            return isIdle ? .idleTimeout(milliseconds: limit) : nil
        case .closing: return nil
        }
    }
}
