import KindredDomain
import KindredWire

/// One query's answer over the wire, from a model whose ids are its rows.
struct WireAnswer {
    let version: UInt64
    /// Best first.
    let results: [RankingKey]

    /// Decodes the body of an OK reply to RECOMMEND.
    init(decoding body: RawSpan) throws {
        let header = FrameHeader(
            bodyLength: UInt32(body.byteCount), type: MessageType.recommend.rawValue | MessageType.replyBit,
            flags: .end, requestID: 0, argument: 0)
        let reply = try ServerReply.decode(header: header, body: body)
        guard case .recommend(let answer) = reply, case .numbers(let ids) = answer.ids,
            let scores = answer.scores, answer.outcomes.count == 1, answer.outcomes[0].isAnswered
        else { throw WireFailure.unexpectedAnswer(reply: "\(reply)") }
        version = answer.origin.version
        results = zip(ids, scores).map { RankingKey(score: $1, row: UInt32(clamping: $0)) }
    }
}
