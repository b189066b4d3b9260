import KindredDomain
import KindredModel
import KindredQuery

/// The cost of a request, as estimated from its body and its model before any work is done.
struct RequestCost {
    /// Steps of planning and answering: some tens of microseconds each. 1 for a small request.
    var stepCount = 1
    /// Multiply-adds of its scan, at most.
    var operationCount = 0
    /// Bytes of its body and of its reply.
    var byteCount = 0

    /// Bytes of frames that are held at a time: a reply is built as columns, then encoded and written frame by frame.
    private static let frameByteCount = 8 << 20

    /// The cost of a reply that is encoded already.
    init(replyByteCount: Int) { byteCount = replyByteCount }

    /// The cost of a RECOMMEND.
    init(_ request: RecommendRequest, bodyByteCount: Int, over generation: Generation, _ limits: Limits) {
        let queryCount = request.scope.queries.count
        let side = generation.side(request.scope.target)
        let resultCount = queryCount * min(Int(request.k), side?.table.count ?? 0)
        var lookups = Self.lookups(of: request.scope.queries, dimension: generation.dimension)
        lookups += (request.exclusions?.ids.count ?? 0) + (request.candidates?.ids.count ?? 0)
        stepCount = 1 + lookups / StepSize.ids + resultCount / StepSize.results
        let fetchCount = RankStage(k: Int(request.k)).fetchCount
        operationCount =
            side.map { ScanCost.atMost(queryCount: queryCount, k: fetchCount, over: $0) } ?? 0
        let width = Self.resultWidth(side, columns: request.columns)
        byteCount = Self.byteCount(body: bodyByteCount, reply: resultCount * width, limits)
    }

    /// The cost of a SCORE.
    init(_ request: ScoreRequest, bodyByteCount: Int, over generation: Generation, _ limits: Limits) {
        let queryCount = request.scope.queries.count
        let candidateCount =
            request.candidates.offsets == nil
            ? queryCount * request.candidates.ids.count : request.candidates.ids.count
        let lookups = Self.lookups(of: request.scope.queries, dimension: generation.dimension)
        stepCount = 1 + (lookups + candidateCount) / StepSize.ids
        byteCount = Self.byteCount(body: bodyByteCount, reply: candidateCount * 5, limits)
    }

    /// The cost of a GET_VECTORS.
    init(_ request: VectorsRequest, bodyByteCount: Int, over generation: Generation, _ limits: Limits) {
        let elementCount = request.ids.count * generation.dimension
        stepCount = 1 + elementCount / StepSize.elements
        byteCount = Self.byteCount(body: bodyByteCount, reply: elementCount * 4, limits)
    }

    /// A request's body is held twice: as bytes and as decoded values.
    private static func byteCount(body: Int, reply: Int, _ limits: Limits) -> Int {
        let columns = min(reply, Int(limits.replyBytesMax))
        return 2 * body + columns + min(2 * columns, frameByteCount)
    }

    /// Whether the request takes no room: it is planned in one step and needs little memory.
    func isSmall(_ limits: Limits) -> Bool {
        stepCount == 1 && byteCount < Int(limits.largeRequestBytesMin)
    }

    /// The cost of resolving all queries, in look-ups of one id.
    private static func lookups(of queries: QueryBatch, dimension: Int) -> Int {
        switch queries {
        case .users(let ids), .items(let ids): ids.count
        case .vectors(let elements, let count): count + elements.count / 64
        case .baskets(let baskets): baskets.count + baskets.members.count * (1 + dimension / 64)
        case .foldIns(let baskets):
            // Each member costs a product of a matrix and a vector.
            baskets.count + baskets.members.count * (1 + dimension * dimension / 64)
        case .blends(let blends):
            blends.count
                + ((blends.users?.members.count ?? 0) + (blends.items?.members.count ?? 0)
                    + (blends.vectors?.elements.count ?? 0) / max(1, dimension)) * (1 + dimension / 64)
        }
    }

    /// Bytes of one result: its id, its score and its columns. Texts count with their mean length.
    static func resultWidth(_ side: GenerationSide?, columns: [String]) -> Int {
        guard let side else { return 0 }
        var width = 4 + 8 + side.table.ids.textByteCount / max(1, side.table.count)
        for name in columns {
            guard let column = side.catalog?.column(named: name) else { continue }
            switch column.values {
            case .integers, .reals: width += 9
            case .text(_, let dictionary): width += 5 + dictionary.bytes.count / max(1, dictionary.count)
            }
        }
        return width
    }
}

/// The room that a request has taken on its loop.
struct WorkCharge: Equatable {
    var stepCount = 0
    var operationCount = 0
    var byteCount = 0
}
