import KindredDomain
import KindredQuery
import KindredSystem
import KindredWire

/// Decides which generation answers a request, and whether a kept answer does, before the request is decoded.
///
/// The only place that decides it, for every type of request. One event loop uses it.
struct Admission: ~Copyable {
    /// The decision about a request.
    enum Decision {
        /// A kept answer was appended to the replies.
        case answered
        /// The request is decoded and worked on. The generation is the one that answers it; nil where no model answers
        /// requests of its type, or where the requested one does not serve. `key`: keeps its answer; nil where it is
        /// not to be kept.
        case plan(Generation?, key: AnswerCache.Key?)
    }

    /// Replicas of the serving generations; replaced as a whole.
    private(set) var generations: GenerationTable
    private var index: ModelIndex
    private var keptAnswers: KeptAnswers

    init(
        _ generations: GenerationTable, cacheByteCount: Int, metrics: LoopMetrics
    ) throws(MemoryFailure) {
        keptAnswers = try KeptAnswers(cacheByteCount: cacheByteCount, metrics: metrics)
        index = ModelIndex(generations)
        keptAnswers.use(generations)
        self.generations = generations
    }

    /// Other generations serve. Requests that were admitted before keep the generation that they were given.
    mutating func use(_ table: GenerationTable) {
        generations = table.replicated(after: generations)
        index = ModelIndex(generations)
        keptAnswers.use(generations)
    }

    /// Decides about a request that its connection accepts. The order of decisions:
    ///
    /// 1. Which generation answers it: model and version by the table of this loop.
    /// 2. Whether an answer of this generation to the same bytes is kept. Only where the replies have room
    ///    (`hasRoom`): a peer that does not read its replies waits with all of its requests.
    /// 3. Otherwise the request is planned, for the generation of the first decision.
    ///
    /// A rule about who may ask belongs before the first decision; a rule that routes between versions belongs to it.
    mutating func admit(
        _ header: FrameHeader, _ body: RawSpan, hasRoom: Bool, into replies: inout ReplyBuffer
    ) -> Decision {
        guard let requested = RequestedModel(type: header.type, body: body),
            let generation = generation(of: requested, in: body)
        else { return .plan(nil, key: nil) }
        guard hasRoom, keptAnswers.mayAnswer(header) else { return .plan(generation, key: nil) }
        switch keptAnswers.answer(header, body, of: generation, into: &replies) {
        case .found: return .answered
        case .missing(let key): return .plan(generation, key: key)
        }
    }

    private func generation(of requested: RequestedModel, in body: RawSpan) -> Generation? {
        guard let name = requested.name else {
            return index.generation(model: nil, version: requested.version)
        }
        return body.extracting(name).withUnsafeBytes {
            index.generation(model: $0, version: requested.version)
        }
    }

    /// Why no generation answers a request that was decoded.
    func refusal(model: ModelName?, version: UInt64) -> RequestFailure {
        do throws(RequestFailure) {
            _ = try generations.generation(model: model, version: version)
            return .noModelReady
        } catch {
            return error
        }
    }

    /// Keeps the answer to a request, of which the replies hold the bytes from `start` on.
    mutating func keep(
        _ message: ServerMessage, in replies: borrowing ReplyBuffer, from start: Int, for key: AnswerCache.Key
    ) {
        keptAnswers.keep(message, in: replies, from: start, for: key)
    }
}
