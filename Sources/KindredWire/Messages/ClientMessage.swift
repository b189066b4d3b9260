import KindredDomain

/// A frame that a client sends, as a value.
package enum ClientMessage: Sendable, Equatable {
    case hello(HelloRequest)
    /// Eight bytes that PONG returns.
    case ping(UInt64)
    case goAway(GoAway)
    /// The greatest number of DATA body bytes of a stream, counted from its beginning.
    case window(limitBytes: UInt64)
    case cancel
    /// Seeds of a stream. Their scores are ignored.
    case data(AudienceRows)
    case recommend(RecommendRequest)
    case score(ScoreRequest)
    case vectors(VectorsRequest)
    case filter(FilterRequest)
    case lookalike(LookalikeRequest)
    /// Asks for one model, or for all.
    case modelList(ModelName?)
    case modelLoad(ModelLoadRequest)
    /// MODEL_ACTIVATE or MODEL_ROLLBACK.
    case modelSwitch(ModelSwitchRequest)
    case stats
    case health

    /// Reads the body of a frame of type `number` and checks all that can be checked without a model.
    ///
    /// Throws UNSUPPORTED_TYPE, UNSUPPORTED_TAG, UNSUPPORTED_ENCODING, MALFORMED_BODY, INVALID_ARGUMENT and
    /// LIMIT_EXCEEDED failures.
    package static func decode(
        type number: UInt8, body: RawSpan, limits: Limits
    ) throws(RequestFailure) -> ClientMessage {
        guard let type = MessageType(rawValue: number) else { throw .unsupportedType(number) }
        switch type {
        case .hello: return .hello(try HelloRequest(decoding: body, limits: limits))
        case .ping: return .ping(try NumberBody.decode(request: body))
        case .goAway: return .goAway(try GoAway(decoding: body))
        case .window: return .window(limitBytes: try NumberBody.decode(request: body))
        case .cancel:
            try EmptyBody.check(request: body)
            return .cancel
        case .data: return .data(try AudienceRows(decoding: body, limits: limits))
        case .recommend: return .recommend(try RecommendRequest(decoding: body, limits: limits))
        case .score: return .score(try ScoreRequest(decoding: body, limits: limits))
        case .getVectors: return .vectors(try VectorsRequest(decoding: body, limits: limits))
        case .filter: return .filter(try FilterRequest(decoding: body, limits: limits))
        case .lookalike: return .lookalike(try LookalikeRequest(decoding: body, limits: limits))
        case .modelList:
            return .modelList(try EmptyBody.model(ofRequest: body, fixedLengthMin: EmptyBody.fixedLength))
        case .modelLoad: return .modelLoad(try ModelLoadRequest(decoding: body))
        case .modelActivate: return .modelSwitch(try ModelSwitchRequest(decodingActivate: body))
        case .modelRollback: return .modelSwitch(try ModelSwitchRequest(decodingRollback: body))
        case .stats:
            try EmptyBody.check(request: body)
            return .stats
        case .health:
            try EmptyBody.check(request: body)
            return .health
        }
    }

    /// The type of the message's frame.
    package var type: MessageType {
        switch self {
        case .hello: .hello
        case .ping: .ping
        case .goAway: .goAway
        case .window: .window
        case .cancel: .cancel
        case .data: .data
        case .recommend: .recommend
        case .score: .score
        case .vectors: .getVectors
        case .filter: .filter
        case .lookalike: .lookalike
        case .modelList: .modelList
        case .modelLoad: .modelLoad
        case .modelSwitch(let request): request.type
        case .stats: .stats
        case .health: .health
        }
    }

    /// Appends the frame and returns the number of bytes of its body. `end`: no DATA follows for this request.
    @discardableResult
    package func encode(
        requestID: UInt64, timeoutMilliseconds: UInt32, end: Bool, into writer: inout ByteWriter
    ) -> Int {
        let frame = writer.beginFrame()
        encodeBody(into: &writer)
        return writer.endFrame(
            frame, type: type.rawValue, flags: end ? .end : [], requestID: requestID,
            argument: timeoutMilliseconds)
    }

    /// Appends the body alone.
    package func encodeBody(into writer: inout ByteWriter) {
        switch self {
        case .hello(let request): request.encode(into: &writer)
        case .ping(let value), .window(let value): NumberBody.encode(value, into: &writer)
        case .goAway(let message): message.encode(into: &writer)
        case .cancel, .stats, .health: EmptyBody.encode(into: &writer)
        case .modelList(let model):
            EmptyBody.encode(into: &writer)
            writer.appendModel(model)
        case .data(let rows): rows.encode(into: &writer)
        case .recommend(let request): request.encode(into: &writer)
        case .score(let request): request.encode(into: &writer)
        case .vectors(let request): request.encode(into: &writer)
        case .filter(let request): request.encode(into: &writer)
        case .lookalike(let request): request.encode(into: &writer)
        case .modelLoad(let request): request.encode(into: &writer)
        case .modelSwitch(let request): request.encode(into: &writer)
        }
    }
}
