import KindredDomain

/// A frame that a client reads, as a value. A server sends it as a `ServerMessage`.
package enum ServerReply: Sendable, Equatable {
    case helloOK(HelloReply)
    case pong(UInt64)
    case goAway(GoAway)
    case data(AudienceRows)
    /// One part of an answer; `ReplyAssembler` joins them.
    case recommend(RecommendReply)
    case score(ScoreReply)
    case vectors(VectorsReply)
    case filter(FilterResponse)
    case lookalike(LookalikeSummary)
    case modelList(ModelListResponse)
    case modelSwitch(ModelSwitchResponse)
    case stats(StatsResponse)
    case health(HealthResponse)
    case failure(ErrorReply)

    /// Reads the body of a frame from a server.
    ///
    /// Throws as `ClientMessage.decode` does, and UNSUPPORTED_TYPE for a type that no server sends.
    package static func decode(header: FrameHeader, body: RawSpan) throws(RequestFailure) -> ServerReply {
        switch MessageType(rawValue: header.type) {
        case .goAway: return .goAway(try GoAway(decoding: body))
        case .data: return .data(try AudienceRows(decodingRows: body))
        default: break
        }
        guard header.type & MessageType.replyBit != 0 else { throw .unsupportedType(header.type) }
        guard header.status == StatusCode.ok.rawValue else {
            return .failure(try ErrorReply(decoding: body, status: header.status, flags: header.statusFlags))
        }
        switch MessageType(rawValue: header.type & ~MessageType.replyBit) {
        case .hello: return .helloOK(try HelloReply(decoding: body))
        case .ping: return .pong(try NumberBody.decode(body))
        case .recommend: return .recommend(try RecommendReply(decoding: body))
        case .score: return .score(try ScoreReply(decoding: body))
        case .getVectors: return .vectors(try VectorsReply(decoding: body))
        case .filter: return .filter(try FilterResponse(decoding: body))
        case .lookalike: return .lookalike(try LookalikeSummary(decoding: body))
        case .modelList: return .modelList(try ModelStatusList.decode(body))
        case .modelLoad, .modelActivate, .modelRollback:
            return .modelSwitch(try ModelSwitchResponse(decoding: body))
        case .stats: return .stats(try StatsResponse(decoding: body))
        case .health: return .health(try HealthResponse(decoding: body))
        case .goAway, .window, .cancel, .data, nil: throw .unsupportedType(header.type)
        }
    }
}
