import KindredClient
import KindredDomain
import KindredWire
import NIOCore

/// A server that tells one lie, or none.
enum HostilePeer {
    /// `changing` is a seed; with one, some bytes of every answer are changed.
    static func start(_ lie: Lie?, changing seed: UInt64? = nil) async throws -> ScriptedPeer {
        var limits = Limits.standard
        switch lie {
        case .helloRaisesBodies: limits.bodyBytesMax = .max & ~7
        case .helloWithoutRequests: limits.requestsInFlightMax = 0
        case .helloWithoutBodies: limits.bodyBytesMax = 0
        case .helloWithoutTimeout: limits.timeoutMillisecondsMax = 0
        case .helloWithoutRows: limits.dataBodyBytesMax = 0
        case .helloWithoutWindow: limits.windowBytesMax = 0
        default: break
        }
        return try await ScriptedPeer.start(limits: limits, opening: opening(lie)) { header, message, peer in
            if let seed { peer.change = HostileChange(seed: seed &+ UInt64(peer.counter)) }
            peer.counter += 1
            switch message {
            case .lookalike:
                peer.kept = [(header, message)]
                if lie == .audienceSeedsNotRead { peer.stopReading() }
            case .data:
                guard header.isEnd, let open = peer.kept.first else { return }
                AudienceLies(lie: lie, header: open.header, peer: peer).answer()
            case .cancel, .window, .goAway: break
            default: answer(lie, header, message, peer)
            }
        }
    }

    /// A server that accepts every connection and closes it.
    static func startClosing(_ opened: @escaping @Sendable () -> Void) async throws -> ScriptedPeer {
        let opening: @Sendable (PeerConnection) -> Void = { peer in
            opened()
            peer.write(raw: preface() + hello())
            peer.close()
        }
        return try await ScriptedPeer.start(opening: opening) { _, _, _ in }
    }

    // MARK: The opening

    /// Sends something else than a preface and HELLO_OK; nil for an honest opening.
    private static func opening(_ lie: Lie?) -> (@Sendable (PeerConnection) -> Void)? {
        switch lie {
        case .otherProtocol: return { $0.write(raw: Array("SSH-2.0-OpenSSH_9.6\r\n".utf8)) }
        case .prefaceNeverEnds: return { $0.write(raw: Array(preface().prefix(9))) }
        case .slowPreface:
            return { peer in
                var rest = preface()[...]
                peer.trickle(every: .milliseconds(200)) { rest.popFirst().map { [$0] } }
            }
        case .prefaceRefusesForEver:
            return {
                $0.write(raw: preface(ServerPreface(refusing: .overloaded, retryAfterMilliseconds: .max)))
            }
        case .helloNeverComes: return { $0.write(raw: preface()) }
        case .helloTwice: return { $0.write(raw: preface() + hello() + hello()) }
        case .helloOfOtherID: return { $0.write(raw: preface() + hello(id: 2)) }
        case .helloOtherMinor: return { $0.write(raw: preface() + hello { $0.minor = 7 }) }
        case .helloFeatures: return { $0.write(raw: preface() + hello { $0.featuresGranted = 1 }) }
        case .helloTooLarge:
            return {
                $0.write(raw: preface() + hello { $0.serverName = String(repeating: "x", count: 20_000) })
            }
        default: return nil
        }
    }

    private static func preface(_ preface: ServerPreface = ServerPreface()) -> [UInt8] {
        var writer = ByteWriter()
        preface.encode(into: &writer)
        return writer.bytes
    }

    private static func hello(id: UInt64 = 1, _ change: (inout HelloReply) -> Void = { _ in }) -> [UInt8] {
        var reply = HelloReply(limits: .standard, serverName: "peer", defaultModel: nil)
        change(&reply)
        return HostileFrame(.helloOK(reply), type: MessageType.hello.rawValue, id: id).bytes
    }

    // MARK: Answers of one frame

    private static func answer(
        _ lie: Lie?, _ header: FrameHeader, _ message: ClientMessage, _ peer: PeerConnection
    ) {
        switch message {
        case .recommend(let request):
            RecommendLies(lie: lie, header: header, peer: peer).answer(queries: request.scope.queries.count)
        case .ping(let value): answerPing(lie, value, header, peer)
        default: answerOther(lie, header, message, peer)
        }
    }

    private static func answerPing(
        _ lie: Lie?, _ value: UInt64, _ header: FrameHeader, _ peer: PeerConnection
    ) {
        var frame = HostileFrame(.pong(value), to: header)
        let goAway = HostileFrame(.goAway(GoAway(status: .draining, lastRequestID: 99)), type: 0, id: 0)
        switch lie {
        case .pongOfAnotherPing: frame = HostileFrame(.pong(value ^ 1), to: header)
        case .otherType:
            frame = HostileFrame(.health(HealthResponse(state: .serving, modelsReady: 1)), type: 0x46, id: 2)
        case .unknownType: frame.header.type = 0xF0
        case .otherRequestID: frame.header.requestID = 99
        case .twoReplies: return peer.write(raw: frame.bytes + frame.bytes)
        case .headerChecksumWrong:
            var bytes = frame.bytes
            bytes[28] ^= 1
            return peer.write(raw: bytes)
        case .bodyTooLarge: frame.header.bodyLength = 1 << 31
        case .helloRaisesBodies:
            frame.header.bodyLength = 1 << 30
            peer.write(raw: frame.bytes)
            return peer.flood([UInt8](repeating: 0, count: 1 << 16))
        case .lengthUneven: frame.header.bodyLength = 9
        case .silence: return
        case .goAwayFlood: return peer.flood(Array(repeatElement(goAway.bytes, count: 100).joined()))
        case .pongFlood:
            frame.header.requestID = 99
            return peer.flood(Array(repeatElement(frame.bytes, count: 100).joined()))
        case .oldIDFlood:
            frame.header.requestID = 1
            return peer.flood(Array(repeatElement(frame.bytes, count: 100).joined()))
        case .windowFromServer: frame.header.type = MessageType.window.rawValue
        case .goAwayForARequest:
            frame = goAway
            frame.header.requestID = header.requestID
        case .goAwayWithOK: frame = HostileFrame(.goAway(GoAway(status: .ok)), type: 0, id: 0)
        case .goAwayThenSilence: frame = goAway
        default: break
        }
        peer.write(raw: frame.bytes)
    }

    private static func answerOther(
        _ lie: Lie?, _ header: FrameHeader, _ message: ClientMessage, _ peer: PeerConnection
    ) {
        guard let truth = truth(lie, message) else { return }
        var frame = HostileFrame(truth, to: header)
        switch lie {
        case .modelCountWrong: frame.body[4] = 3
        case .errorWithoutEnd: frame.header.flags = []
        case .errorOfNoClass: frame.header.argument = 0x0907
        // The length of the first section, of names.
        case .bodyEndsEarly: frame.body[12] = 0xF8
        case .bodyTruncated:
            peer.write(raw: Array(frame.bytes.prefix(40)))
            return peer.close()
        case .slowReply:
            var rest = frame.bytes[...]
            return peer.trickle { rest.popFirst().map { [$0] } }
        default: break
        }
        peer.write(raw: frame.bytes)
    }

    private static func truth(_ lie: Lie?, _ message: ClientMessage) -> ServerMessage? {
        var origin = AnswerOrigin(model: HostileCall.model, version: HostileCall.version)
        switch message {
        case .score:
            if lie == .scoresOfOtherModel { origin.model = ModelName("other")! }
            let isShort = lie == .scoreCountWrong
            return .score(
                ScoreResponse(
                    origin: origin, outcomes: [QueryOutcome(rowsEligible: 2, rowsScanned: 2)],
                    offsets: [0, isShort ? 2 : 3],
                    scores: [0.5, 0] + (isShort ? [] : [lie == .candidateScoreNotANumber ? .nan : 0.25]),
                    found: isShort ? [true, false] : [true, false, true]))
        case .vectors:
            if lie == .vectorsOfOtherVersion { origin.version += 1 }
            let isFlat = lie == .vectorsOfDimensionZero
            let elements: [Float] = [1, 2, 3, lie == .vectorNotFinite ? .infinity : 4]
            return .vectors(
                VectorsResponse(
                    origin: origin, dimension: isFlat ? 0 : 2,
                    found: lie == .vectorCountWrong ? [true, true] : [true, false, true],
                    elements: isFlat ? [] : elements))
        case .modelList:
            var models = ["shop", lie == .modelNamesRepeated ? "shop" : "films"].map {
                ModelStatus(name: ModelName($0)!)
            }
            models[0].isDefault = true
            models[1].isDefault = lie == .twoDefaultModels
            return .modelList(ModelListResponse(models: models))
        case .modelSwitch(let request):
            if request.goal == .previous {
                let active: UInt64 = lie == .rolledBackToNone ? 0 : 2
                return .modelSwitch(ModelSwitchResponse(active: active, previous: 3, pinned: active))
            }
            return .modelSwitch(
                ModelSwitchResponse(
                    active: lie == .activatedAnother ? 5 : 3, previous: 2,
                    pinned: lie == .activatedUnpinned ? 0 : 3))
        case .stats:
            let names = (0..<20).map { "counter_number_\(lie == .statsNamesRepeated ? 1 : $0)" }
            return .stats(StatsResponse(names: names, values: names.indices.map { UInt64($0) }))
        case .health:
            if lie == .errorWithoutEnd || lie == .errorOfNoClass {
                return .failure(ErrorReply(.internalError(reference: 7)))
            }
            return .health(
                HealthResponse(state: .serving, modelsReady: lie == .healthServesNothing ? 0 : 2))
        default: return nil
        }
    }
}

/// One frame of a server that a test changes before it is sent. The checksum of its header is always right.
struct HostileFrame {
    var header: FrameHeader
    var body: [UInt8]

    init(_ message: ServerMessage, to request: FrameHeader) {
        self.init(message, type: request.type, id: request.requestID)
    }

    init(_ message: ServerMessage, type: UInt8, id: UInt64) {
        var writer = ByteWriter()
        let bytesMax = Limits.standard.bodyBytesMax
        try? message.encode(replyTo: type, requestID: id, bodyBytesMax: bytesMax, into: &writer)
        let bytes = writer.bytes
        guard let header = try? FrameHeader(decoding: bytes.span.bytes, bodyBytesMax: bytesMax) else {
            preconditionFailure("a message of a test does not fit a frame")
        }
        self.header = header
        body = Array(bytes.dropFirst(FrameHeader.byteCount))
    }

    var bytes: [UInt8] {
        var writer = ByteWriter()
        header.encode(into: &writer)
        return writer.bytes + body
    }

    /// The offset of a section's payload.
    func payload(of tag: UInt16) -> Int? {
        var offset = Int(body[0])
        while offset + 8 <= body.count {
            if UInt16(body[offset]) | UInt16(body[offset + 1]) << 8 == tag { return offset + 8 }
            let length = (0..<4).reduce(0) { $0 | Int(body[offset + 4 + $1]) << (8 * $1) }
            offset += 8 + (length + 7) / 8 * 8
        }
        return nil
    }

    /// Writes a number into the body.
    mutating func store<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        withUnsafeBytes(of: value.littleEndian) { body.replaceSubrange(offset..<offset + $0.count, with: $0) }
    }
}
