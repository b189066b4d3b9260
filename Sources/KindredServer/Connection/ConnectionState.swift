import KindredDomain
import KindredWire

/// What a connection may do next, as a value: no sockets, no clock. The handler gives it bytes and the time and
/// executes what it returns.
package struct ConnectionState: ~Copyable {
    /// What the bytes at hand amount to.
    package enum Input: Equatable {
        /// Not enough bytes yet.
        case wait
        /// A client's preface: answer with this one, and close if it refuses.
        case preface(ServerPreface)
        /// A whole frame: its header, then its body, are at the front of the bytes.
        case frame(FrameHeader)
        /// Nothing more will be read.
        case ignore
    }

    /// What becomes of a frame.
    package enum Admission: Equatable {
        /// A new request, in flight from now on.
        case request
        /// WINDOW, CANCEL, DATA or GOAWAY.
        case control
        /// A request that is answered with a failure and was never in flight.
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

    /// Looks at the bytes that have arrived and were not consumed.
    ///
    /// A length is proven, by checksum and limit, before it is waited for.
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

    /// The magic is refused at its first wrong byte, not after sixteen.
    private static func checkBeginning(of bytes: RawSpan) throws(ConnectionFailure) {
        let count = min(bytes.byteCount, 8)
        var found: UInt64 = 0
        for index in 0..<count {
            let byte = bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            found |= UInt64(byte) << UInt64(8 * index)
        }
        let mask: UInt64 = count == 8 ? .max : (1 << UInt64(8 * count)) - 1
        // A TLS hello or an HTTP method is recognised by up to four bytes; leave it that many.
        if count >= 4 || found == 0 || count == 0 {
            guard found == Preface.magic & mask else { throw .badMagic(found: found) }
        }
    }

    /// Decides about a whole frame.
    package mutating func admit(_ header: FrameHeader) throws(ConnectionFailure) -> Admission {
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
        // Of a refused one too: what belongs to it may be on its way.
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

    /// What asks about the server itself is answered for as long as it speaks.
    private static func isAnsweredWhileDraining(_ type: MessageType?) -> Bool {
        switch type {
        case .ping, .stats, .health: true
        default: false
        }
    }

    /// A request has had its END reply. True when a connection that is about to end has nothing left to do.
    package mutating func complete(now: UInt64) -> Bool {
        inFlightCount -= 1
        activeAt = now
        return (isDraining || isLeft || inputHasEnded) && inFlightCount == 0
    }

    /// The peer sends nothing more, and all that it sent was read. True when there is nothing left to do.
    package mutating func endInput() -> Bool {
        inputHasEnded = true
        return inFlightCount == 0
    }

    /// The client has said goodbye: what is in flight is answered, and a further request is a mistake. True when there
    /// is nothing left to do.
    package mutating func leave() -> Bool {
        isLeft = true
        return inFlightCount == 0
    }

    /// Refuses requests from now on, but those that ask about the server itself. True when there is nothing left to do.
    package mutating func drain() -> Bool {
        isDraining = true
        return inFlightCount == 0
    }

    /// Reads nothing more.
    package mutating func close() { phase = .closing }

    package var isClosing: Bool { phase == .closing }

    /// True once both prefaces have gone, so that the peer understands a frame.
    package var speaksFrames: Bool { phase == .hello || phase == .open }

    /// Bytes went out: the connection is not idle.
    package mutating func noteActivity(now: UInt64) { activeAt = now }

    /// Whether nothing has come or gone for so long.
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
