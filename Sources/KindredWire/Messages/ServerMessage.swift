import KindredDomain

/// A message that a server sends, as a value. A client reads it as a `ServerReply`.
package enum ServerMessage: Sendable, Equatable {
    case helloOK(HelloReply)
    /// The eight bytes of the PING.
    case pong(UInt64)
    case goAway(GoAway)
    /// Rows of a stream; `DataFrame` writes them straight from columns.
    case data(AudienceRows)
    case recommend(RecommendResponse)
    case score(ScoreResponse)
    case vectors(VectorsResponse)
    case filter(FilterResponse)
    case lookalike(LookalikeSummary)
    case modelList(ModelListResponse)
    case modelSwitch(ModelSwitchResponse)
    case stats(StatsResponse)
    case health(HealthResponse)
    case failure(ErrorReply)
    /// A reply whose body is encoded once for many requests.
    case encoded(EncodedBody)

    /// Appends the message's frames for request `requestID` of type `requestType`.
    ///
    /// Answers to RECOMMEND, SCORE and GET_VECTORS that exceed one body take several frames; the last one has END.
    /// GOAWAY (for request 0) and DATA have types of their own, ignore `requestType` and never have END.
    /// Throws LIMIT_EXCEEDED, and appends nothing, when a part that cannot be split exceeds `bodyBytesMax`.
    package func encode(
        replyTo requestType: UInt8, requestID: UInt64, bodyBytesMax: UInt32, into writer: inout ByteWriter
    ) throws(RequestFailure) {
        let parts = try encodeWhole(
            replyTo: requestType, requestID: requestID, bodyBytesMax: bodyBytesMax, into: &writer)
        for part in parts {
            encode(
                part, isLast: part == parts.last, replyTo: requestType, requestID: requestID, into: &writer)
        }
    }

    /// Appends the message and returns no ranges where one frame holds it. Else appends nothing and returns the ranges
    /// of queries or ids to append, each as a frame of its own.
    ///
    /// Throws as `encode`.
    package func encodeWhole(
        replyTo requestType: UInt8, requestID: UInt64, bodyBytesMax: UInt32, into writer: inout ByteWriter
    ) throws(RequestFailure) -> [Range<Int>] {
        var frames = ReplyFrames(
            type: requestType | MessageType.replyBit, requestID: requestID, bodyBytesMax: bodyBytesMax)
        switch self {
        case .helloOK(let reply): try frames.append(into: &writer) { reply.encode(into: &$0) }
        case .pong(let value): try frames.append(into: &writer) { NumberBody.encode(value, into: &$0) }
        case .goAway(let message):
            frames.type = MessageType.goAway.rawValue
            try frames.append(end: false, into: &writer) { message.encode(into: &$0) }
        case .data(let rows):
            frames.type = MessageType.data.rawValue
            try frames.append(end: false, into: &writer) { rows.encode(into: &$0) }
        case .recommend(let response):
            let failures = OutcomeColumns(response.outcomes)
            let becauseBefore = response.because?.foundBefore ?? []
            return try frames.append(
                response.outcomes.count, into: &writer,
                byteCount: { response.byteCount(of: $0, failures, becauseBefore: becauseBefore) },
                { response.encode($0, failures, becauseBefore: becauseBefore, into: &$1) })
        case .score(let response):
            let failures = OutcomeColumns(response.outcomes)
            return try frames.append(
                response.outcomes.count, into: &writer,
                byteCount: { response.byteCount(of: $0, failures) },
                { response.encode($0, failures, into: &$1) })
        case .vectors(let response):
            let foundBefore = response.foundBefore
            return try frames.append(
                response.found.count, into: &writer,
                byteCount: { response.byteCount(of: $0, foundBefore: foundBefore) },
                { response.encode($0, foundBefore: foundBefore, into: &$1) })
        case .filter(let response): try frames.append(into: &writer) { response.encode(into: &$0) }
        case .lookalike(let summary): try frames.append(into: &writer) { summary.encode(into: &$0) }
        case .modelList(let response):
            try frames.append(into: &writer) { ModelStatusList.encode(response, into: &$0) }
        case .modelSwitch(let response): try frames.append(into: &writer) { response.encode(into: &$0) }
        case .stats(let response): try frames.append(into: &writer) { response.encode(into: &$0) }
        case .health(let response): try frames.append(into: &writer) { response.encode(into: &$0) }
        case .failure(let reply):
            frames.argument = UInt32(widening: reply.status) | UInt32(widening: reply.flags.rawValue) << 16
            try frames.append(into: &writer) { reply.encode(into: &$0) }
        case .encoded(let body): try frames.append(into: &writer) { $0.append(body.bytes) }
        }
        return []
    }

    /// Appends one frame of a message that takes several: a range that `encodeWhole` returned.
    package func encode(
        _ part: Range<Int>, isLast: Bool, replyTo requestType: UInt8, requestID: UInt64,
        into writer: inout ByteWriter
    ) {
        let frame = writer.beginFrame()
        switch self {
        case .recommend(let response):
            response.encode(
                part, OutcomeColumns(response.outcomes), becauseBefore: response.because?.foundBefore ?? [],
                into: &writer)
        case .score(let response): response.encode(part, OutcomeColumns(response.outcomes), into: &writer)
        case .vectors(let response):
            response.encode(part, foundBefore: response.foundBefore, into: &writer)
        case .helloOK, .pong, .goAway, .data, .filter, .lookalike, .modelList, .encoded, .modelSwitch, .stats,
            .health,
            .failure:
            preconditionFailure("a message of one frame has no parts")
        }
        writer.endFrame(
            frame, type: requestType | MessageType.replyBit, flags: isLast ? .end : [], requestID: requestID,
            argument: 0)
    }
}

/// Appends the frames of one reply. Holds the fields that their headers share.
private struct ReplyFrames {
    var type: UInt8
    let requestID: UInt64
    let bodyBytesMax: UInt32
    /// Status OK without flags, unless the reply is a failure.
    var argument: UInt32 = 0

    init(type: UInt8, requestID: UInt64, bodyBytesMax: UInt32) {
        self.type = type
        self.requestID = requestID
        self.bodyBytesMax = bodyBytesMax
    }

    /// Appends `count` queries or ids in one frame. Where they need several, appends nothing and returns their ranges.
    func append(
        _ count: Int, into writer: inout ByteWriter, byteCount: (Range<Int>) -> Int,
        _ body: (Range<Int>, inout ByteWriter) -> Void
    ) throws(RequestFailure) -> [Range<Int>] {
        // One frame is enough for nearly all replies.
        guard byteCount(0..<count) <= min(Int(widening: bodyBytesMax), Limits.replyFrameBytes) else {
            return try ReplySplit.parts(count: count, bodyBytesMax: bodyBytesMax, byteCount: byteCount)
        }
        try append(into: &writer) { body(0..<count, &$0) }
        return []
    }

    func append(
        end: Bool = true, into writer: inout ByteWriter, _ body: (inout ByteWriter) -> Void
    ) throws(RequestFailure) {
        let frame = writer.beginFrame()
        body(&writer)
        let byteCount = writer.bodyByteCount(of: frame)
        guard byteCount <= Int(widening: bodyBytesMax) else {
            writer.remove(frame)
            throw .limitExceeded(
                .responseBytes, found: UInt64(clamping: byteCount), limit: UInt64(widening: bodyBytesMax))
        }
        writer.endFrame(frame, type: type, flags: end ? .end : [], requestID: requestID, argument: argument)
    }
}

/// Splits a large reply between queries or between ids.
enum ReplySplit {
    /// The consecutive ranges of `0 ..< count`, at least one. Each is as long as `Limits.replyFrameBytes` and the body
    /// allow. A query that is larger has a frame of its own.
    ///
    /// `byteCount` gives the bytes of a range's body and grows with the range. Throws LIMIT_EXCEEDED when one query
    /// alone does not fit.
    static func parts(
        count: Int, bodyBytesMax: UInt32, byteCount: (Range<Int>) -> Int
    ) throws(RequestFailure) -> [Range<Int>] {
        let limit = Int(widening: bodyBytesMax)
        let wanted = min(limit, Limits.replyFrameBytes)
        var parts: [Range<Int>] = []
        var first = 0
        while first < count {
            // The greatest end that fits: the size grows with the end.
            var end = (first + 1..<count + 1).partitioningIndex { byteCount(first..<$0) > wanted } - 1
            if end == first {
                end = first + 1
                let found = byteCount(first..<end)
                guard found <= limit else {
                    throw .limitExceeded(
                        .responseBytes, found: UInt64(clamping: found), limit: UInt64(widening: bodyBytesMax))
                }
            }
            parts.append(first..<end)
            first = end
        }
        guard !parts.isEmpty else {
            throw .limitExceeded(
                .responseBytes, found: UInt64(clamping: byteCount(0..<0)),
                limit: UInt64(widening: bodyBytesMax))
        }
        return parts
    }
}

/// The body of a reply that is encoded once and sent many times.
package struct EncodedBody: Sendable, Equatable {
    /// The body, a multiple of 8 bytes.
    package let bytes: [UInt8]

    /// The body of a MODEL_LIST reply, of any size.
    package init(_ response: ModelListResponse) {
        var writer = ByteWriter()
        ModelStatusList.encode(response, into: &writer)
        bytes = writer.bytes
    }
}
