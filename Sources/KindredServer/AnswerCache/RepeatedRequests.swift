import KindredDomain
import KindredQuery
import KindredSystem
import KindredWire

/// RECOMMENDs that come again on an event loop: answered, without being read, with what the same bytes were answered
/// before.
struct RepeatedRequests: ~Copyable {
    /// Elements of a table from which on an answer is kept the first time. To keep one costs some 0.5 us: next to
    /// nothing beside a scan of so many, but a tenth of all that an answer over 10,000 x 64 costs.
    private static let elementsKeptAtOnce: UInt64 = 4_000_000

    private var cache: AnswerCache
    private let metrics: LoopMetrics

    init(cacheByteCount: Int, metrics: LoopMetrics) throws(MemoryFailure) {
        cache = try AnswerCache(byteCount: cacheByteCount)
        self.metrics = metrics
    }

    /// Whether a request of this type may be answered so.
    func mayAnswer(_ header: FrameHeader) -> Bool {
        header.type == MessageType.recommend.rawValue && cache.keepsAnswers
    }

    /// Other generations serve.
    mutating func use(_ table: GenerationTable) {
        cache.forget()
        cache.keepsAtOnce = table.elementCountMax >= Self.elementsKeptAtOnce
    }

    /// Appends the answer, if it is known.
    mutating func answer(
        _ header: FrameHeader, _ body: RawSpan, into outbound: inout ReplyBuffer
    ) -> AnswerCache.Lookup {
        cache.find(body) { answer in
            outbound.appendReply(answer.body, replyTo: header.type, requestID: header.requestID)
            metrics.requestsRepeated.count()
            metrics.queries.count(UInt64(answer.counts.queries))
            metrics.queryFailures.count(UInt64(answer.counts.failedQueries))
        }
    }

    /// Keeps an answer that was appended when there were `start` bytes, for the next request like its own.
    mutating func keep(
        _ message: ServerMessage, in outbound: borrowing ReplyBuffer, from start: Int,
        for key: AnswerCache.Key
    ) {
        guard case .recommend(let response) = message else { return }
        let failedCount = response.outcomes.reduce(0) { $0 + ($1.failure == nil ? 0 : 1) }
        let counts = AnswerCache.Counts(
            queries: UInt32(clamping: response.outcomes.count), failedQueries: UInt32(clamping: failedCount))
        outbound.withBytes(from: start) { frames in
            guard let body = RepeatedReply.body(of: frames) else { return }
            cache.keep(body, counts, for: key, RepeatedReply.clearTimes)
        }
    }
}
