import KindredDomain
import KindredQuery
import KindredSystem
import KindredWire

/// Serves cached replies to RECOMMENDs, keyed by the generation that answers and the request's bytes. The request is
/// not decoded.
struct KeptAnswers: ~Copyable {
    /// Elements of a table from which on an answer is kept when its request comes for the first time. Keeping an answer
    /// costs little beside a scan of so many elements, and much beside a scan of a small table.
    private static let elementsKeptAtOnce: UInt64 = 4_000_000

    private var cache: AnswerCache
    private let metrics: LoopMetrics

    init(cacheByteCount: Int, metrics: LoopMetrics) throws(MemoryFailure) {
        cache = try AnswerCache(byteCount: cacheByteCount)
        self.metrics = metrics
    }

    /// Whether answers to requests of this type are kept.
    func mayAnswer(_ header: FrameHeader) -> Bool {
        header.type == MessageType.recommend.rawValue && cache.keepsAnswers
    }

    /// Other generations serve. Answers of a generation that serves no longer are never found: they give way in time.
    mutating func use(_ table: GenerationTable) {
        cache.keepsAtOnce = table.elementCountMax >= Self.elementsKeptAtOnce
    }

    /// Appends the answer of `generation` to a request, where it is kept.
    mutating func answer(
        _ header: FrameHeader, _ body: RawSpan, of generation: Generation, into replies: inout ReplyBuffer
    ) -> AnswerCache.Lookup {
        cache.find(body, of: generation.identity) { answer in
            replies.appendReply(answer.body, replyTo: header.type, requestID: header.requestID)
            metrics.requestsRepeated.count()
            metrics.queries.count(UInt64(answer.counts.queries))
            metrics.queryFailures.count(UInt64(answer.counts.failedQueries))
        }
    }

    /// Keeps an answer that was appended when the replies had `start` bytes.
    mutating func keep(
        _ message: ServerMessage, in replies: borrowing ReplyBuffer, from start: Int, for key: AnswerCache.Key
    ) {
        guard case .recommend(let response) = message else { return }
        let failedCount = response.outcomes.reduce(0) { $0 + ($1.failure == nil ? 0 : 1) }
        let counts = AnswerCache.Counts(
            queries: UInt32(clamping: response.outcomes.count), failedQueries: UInt32(clamping: failedCount))
        replies.withBytes(from: start) { frames in
            guard let body = RepeatedReply.body(of: frames) else { return }
            cache.keep(body, counts, for: key, RepeatedReply.clearTimes)
        }
    }
}
