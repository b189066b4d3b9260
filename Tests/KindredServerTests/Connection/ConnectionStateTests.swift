import KindredDomain
import KindredServer
import KindredWire
import Testing

/// The state machine alone, without a socket.
@Suite struct ConnectionStateTests {
    private static let second: UInt64 = 1_000_000_000

    /// A connection that has exchanged prefaces and HELLO.
    private func open(_ limits: Limits = .standard) throws -> Machine {
        let state = Machine(limits: limits)
        _ = try Self.read(state, Self.preface())
        _ = try state.decide(Self.header(.hello, 1))
        _ = state.complete(now: 0)
        return state
    }

    private static func preface(_ preface: ClientPreface = ClientPreface()) -> [UInt8] {
        var writer = ByteWriter()
        preface.encode(into: &writer)
        return writer.bytes
    }

    private static func header(_ type: MessageType, _ id: UInt64, argument: UInt32 = 0) -> FrameHeader {
        header(number: type.rawValue, id, argument: argument)
    }

    private static func header(number: UInt8, _ id: UInt64, argument: UInt32 = 0) -> FrameHeader {
        FrameHeader(bodyLength: 8, type: number, flags: .end, requestID: id, argument: argument)
    }

    private static func bytes(_ header: FrameHeader) -> [UInt8] {
        var writer = ByteWriter()
        header.encode(into: &writer)
        return writer.bytes
    }

    private static func read(
        _ machine: Machine, _ bytes: [UInt8], now: UInt64 = 0
    ) throws -> ConnectionState.Input {
        try bytes.withUnsafeBytes { try machine.state.read($0.bytes, now: now) }
    }

    @Test func prefaceArrivesByteByByte() throws {
        let preface = Self.preface()
        for count in 0..<16 {
            let state = Machine(limits: .standard)
            #expect(try Self.read(state, Array(preface.prefix(count))) == .wait)
        }
        let state = Machine(limits: .standard)
        #expect(try Self.read(state, preface) == .preface(ServerPreface()))
    }

    @Test func otherVersionsAreRefused() throws {
        for (least, greatest) in [(2, 9), (0, 0), (2, 1)] as [(UInt8, UInt8)] {
            let state = Machine(limits: .standard)
            let input = try Self.read(state, Self.preface(ClientPreface(majorMin: least, majorMax: greatest)))
            guard case .preface(let answer) = input else {
                Issue.record("\(input)")
                continue
            }
            #expect(answer.chosenMajor == 0)
        }
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n", "POST /x", "\u{16}\u{3}\u{1}\u{0}", "hello, world"])
    func foreignBytesAreRefused(text: String) throws {
        let state = Machine(limits: .standard)
        #expect(throws: ConnectionFailure.self) { try Self.read(state, Array(text.utf8)) }
    }

    @Test func framesWaitForTheirWholeBody() throws {
        let state = try open()
        let frame = Self.bytes(Self.header(.ping, 2)) + Array(repeating: 0, count: 8)
        for count in 0..<40 { #expect(try Self.read(state, Array(frame.prefix(count))) == .wait) }
        #expect(try Self.read(state, frame) == .frame(Self.header(.ping, 2)))
    }

    /// A length is refused as soon as its header has arrived, before the body is buffered.
    @Test func lengthsAreCheckedBeforeTheBody() throws {
        var limits = Limits.standard
        limits.bodyBytesMax = 64
        limits.bodyBytesBeforeHelloMax = 32
        for (length, isAllowed) in [(56, true), (64, true), (72, false), (60, false)] as [(UInt32, Bool)] {
            let state = try open(limits)
            var header = Self.header(.ping, 2)
            header.bodyLength = length
            let bytes = Self.bytes(header)
            if isAllowed {
                #expect(try Self.read(state, bytes) == .wait)
            } else {
                #expect(throws: ConnectionFailure.self) { try Self.read(state, bytes) }
            }
        }
        let early = Machine(limits: limits)
        _ = try Self.read(early, Self.preface())
        var header = Self.header(.hello, 1)
        header.bodyLength = 40
        let bytes = Self.bytes(header)
        #expect(throws: ConnectionFailure.frameTooLarge(bytes: 40, limit: 32)) { try Self.read(early, bytes) }
    }

    @Test func helloComesFirstAndOnce() throws {
        let state = Machine(limits: .standard)
        _ = try Self.read(state, Self.preface())
        #expect(throws: ConnectionFailure.self) { try state.decide(Self.header(.ping, 1)) }
        let opened = try open()
        #expect(throws: ConnectionFailure.self) { try opened.decide(Self.header(.hello, 2)) }
    }

    @Test func requestIDsAscend() throws {
        let state = try open()
        #expect(try state.decide(Self.header(.ping, 5)) == .request)
        #expect(try state.decide(Self.header(.ping, 5)) == .refuse(.duplicateRequestID(5)))
        #expect(try state.decide(Self.header(.ping, 4)) == .refuse(.duplicateRequestID(4)))
        #expect(try state.decide(Self.header(.ping, Limits.requestIDMax)) == .request)
        #expect(throws: ConnectionFailure.self) {
            try state.decide(Self.header(.ping, Limits.requestIDMax + 1))
        }
        #expect(throws: ConnectionFailure.self) { try state.decide(Self.header(.ping, 0)) }
    }

    @Test func requestsInFlightAreBounded() throws {
        var limits = Limits.standard
        limits.requestsInFlightMax = 3
        let state = try open(limits)
        for id in 2...4 { #expect(try state.decide(Self.header(.ping, UInt64(id))) == .request) }
        #expect(
            try state.decide(Self.header(.ping, 5))
                == .refuse(.limitExceeded(.requestsInFlight, found: 4, limit: 3)))
        _ = state.complete(now: 0)
        #expect(try state.decide(Self.header(.ping, 6)) == .request)
    }

    @Test func timeoutsAreBounded() throws {
        let state = try open()
        let limit = Limits.standard.timeoutMillisecondsMax
        #expect(try state.decide(Self.header(.ping, 2, argument: limit)) == .request)
        #expect(
            try state.decide(Self.header(.ping, 3, argument: limit + 1))
                == .refuse(
                    .limitExceeded(.timeoutMilliseconds, found: UInt64(limit) + 1, limit: UInt64(limit))))
    }

    @Test func controlFramesNameARequestThatWasMade() throws {
        let state = try open()
        func checkUnexpected(_ type: MessageType, _ id: UInt64) {
            #expect(throws: ConnectionFailure.unexpectedFrame(type: type.rawValue, requestID: id)) {
                try state.decide(Self.header(type, id))
            }
        }
        let types = [MessageType.window, .cancel, .data]
        for type in types { checkUnexpected(type, 2) }
        _ = try state.decide(Self.header(.lookalike, 4))
        for type in types {
            // A skipped id counts as one of a request that has ended.
            for id in 1...4 { #expect(try state.decide(Self.header(type, UInt64(id))) == .control) }
            for id in [0, 5, UInt64.max] { checkUnexpected(type, id) }
        }
        #expect(try state.decide(Self.header(.ping, 5)) == .request)
    }

    @Test func goAwayNamesNoRequest() throws {
        let state = try open()
        #expect(try state.decide(Self.header(.goAway, 0)) == .control)
        for id in [1, 2, UInt64.max] {
            #expect(throws: ConnectionFailure.self) { try state.decide(Self.header(.goAway, id)) }
        }
    }

    /// A frame with the reply bit ends the connection: of any type, known or not, before HELLO and after it.
    @Test func clientsSendNoReplies() throws {
        let types = MessageType.allCases.map(\.rawValue).filter { $0 < MessageType.replyBit } + [0, 0x7F]
        for type in types {
            let reply = Self.header(number: type | MessageType.replyBit, 2)
            let fresh = Machine(limits: .standard)
            _ = try Self.read(fresh, Self.preface())
            for state in [fresh, try open()] {
                #expect(throws: ConnectionFailure.unexpectedFrame(type: reply.type, requestID: 2)) {
                    try state.decide(reply)
                }
            }
        }
    }

    /// A request of an unknown type is refused. Its id counts as used, and it is not in flight.
    @Test func unknownTypesAreRefused() throws {
        var limits = Limits.standard
        limits.requestsInFlightMax = 1
        let state = try open(limits)
        for (index, type) in [UInt8(0), 0x08, 0x47, 0x7F].enumerated() {
            let header = Self.header(number: type, UInt64(index) + 2)
            #expect(try state.decide(header) == .refuse(.unsupportedType(type)))
            #expect(try state.decide(header) == .refuse(.duplicateRequestID(header.requestID)))
        }
        #expect(try state.decide(Self.header(.ping, 6)) == .request)
        let fresh = Machine(limits: limits)
        _ = try Self.read(fresh, Self.preface())
        #expect(throws: ConnectionFailure.self) { try fresh.decide(Self.header(number: 0x08, 1)) }
    }

    @Test func closingConnectionReadsNothing() throws {
        let frame = Self.bytes(Self.header(.ping, 2)) + Array(repeating: 0, count: 8)
        let fresh = Machine(limits: .standard)
        for state in [fresh, try open()] {
            state.close()
            for bytes in [[], Self.preface(), frame, Array("GET / HTTP/1.1".utf8)] {
                #expect(try Self.read(state, bytes) == .ignore)
            }
            #expect(state.timeout(now: .max) == nil)
        }
    }

    @Test func silentConnectionsEnd() throws {
        let limits = Limits.standard
        let fresh = Machine(limits: limits)
        let handshake = UInt64(limits.handshakeMilliseconds) * 1_000_000
        #expect(fresh.timeout(now: handshake - 1) == nil)
        #expect(
            fresh.timeout(now: handshake) == .handshakeTimeout(milliseconds: limits.handshakeMilliseconds))
        _ = try Self.read(fresh, Self.preface(), now: 1)
        #expect(fresh.timeout(now: handshake) != nil)

        let opened = try open()
        let idle = UInt64(limits.idleMilliseconds) * 1_000_000
        #expect(opened.timeout(now: idle - 1) == nil)
        #expect(opened.timeout(now: idle) == .idleTimeout(milliseconds: limits.idleMilliseconds))
        // A connection with a request in flight is not idle.
        _ = try opened.decide(Self.header(.ping, 2))
        #expect(opened.timeout(now: idle * 2) == nil)
        _ = opened.complete(now: idle * 2)
        #expect(opened.timeout(now: idle * 2 + 1) == nil)
        #expect(opened.timeout(now: idle * 3) != nil)
    }

    @Test func drainingAnswersAcceptedRequests() throws {
        let idle = try open()
        #expect(idle.drain())
        let busy = try open()
        _ = try busy.decide(Self.header(.ping, 2))
        #expect(!busy.drain())
        #expect(try busy.decide(Self.header(.recommend, 3)) == .refuse(.draining))
        let isLast = busy.complete(now: Self.second)
        #expect(isLast)
    }

    /// Requests about the server itself are answered during a drain.
    @Test func drainingAnswersRequestsAboutTheServer() throws {
        let types = MessageType.allCases.filter { ![.hello, .goAway, .window, .cancel, .data].contains($0) }
        for type in types {
            let state = try open()
            _ = try state.decide(Self.header(.lookalike, 2))
            #expect(!state.drain())
            let isAnswered = [.ping, .stats, .health].contains(type)
            #expect(try state.decide(Self.header(type, 3)) == (isAnswered ? .request : .refuse(.draining)))
            if isAnswered { #expect(!state.complete(now: 0)) }
            #expect(state.complete(now: 0))
        }
    }

    /// A refused request's id counts as used: DATA and CANCEL that follow it are no error of the client.
    @Test func framesOfARefusedRequestAreAllowed() throws {
        let state = try open()
        _ = try state.decide(Self.header(.lookalike, 2))
        #expect(!state.drain())
        #expect(try state.decide(Self.header(.lookalike, 3)) == .refuse(.draining))
        for type in [MessageType.data, .window, .cancel] {
            #expect(try state.decide(Self.header(type, 3)) == .control)
        }
        #expect(try state.decide(Self.header(.lookalike, 3)) == .refuse(.duplicateRequestID(3)))
    }

    /// A client that has sent GOAWAY gets its answers, and makes no more requests.
    @Test func clientsMayLeave() throws {
        let idle = try open()
        #expect(idle.leave())
        let busy = try open()
        _ = try busy.decide(Self.header(.lookalike, 2))
        #expect(!busy.leave())
        #expect(try busy.decide(Self.header(.data, 2)) == .control)
        #expect(try busy.decide(Self.header(.goAway, 0)) == .control)
        #expect(throws: ConnectionFailure.unexpectedFrame(type: MessageType.ping.rawValue, requestID: 3)) {
            try busy.decide(Self.header(.ping, 3))
        }
        #expect(busy.complete(now: 0))
    }
}

/// Holds the state where expressions of `#expect` can reach it.
private final class Machine {
    var state: ConnectionState

    init(limits: Limits) { state = ConnectionState(limits: limits, now: 0) }

    func decide(_ header: FrameHeader) throws(ConnectionFailure) -> ConnectionState.Decision {
        try state.decide(header)
    }

    func complete(now: UInt64) -> Bool { state.complete(now: now) }
    func drain() -> Bool { state.drain() }
    func leave() -> Bool { state.leave() }
    func close() { state.close() }
    func timeout(now: UInt64) -> ConnectionFailure? { state.timeout(now: now) }
}
