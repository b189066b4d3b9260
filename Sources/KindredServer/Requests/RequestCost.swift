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
    init(
        _ request: RecommendRequest, planning: PlanningCost, bodyByteCount: Int, over generation: Generation,
        _ limits: Limits
    ) {
        let queryCount = request.scope.queries.count
        let side = generation.side(request.scope.target)
        let resultCount = queryCount * min(Int(request.k), side?.table.count ?? 0)
        stepCount =
            1 + planning.lookups / StepSize.ids + planning.rankedRows / StepSize.rankedRows
            + resultCount / StepSize.results
        operationCount =
            side.map { ScanCost.atMost(queryCount: queryCount, k: planning.fetchCountMax, over: $0) } ?? 0
        var width = Self.resultWidth(side, columns: request.columns)
        if request.rules?.wantsBecause == true {
            width += 1 + Self.resultWidth(generation.items, columns: [])
        }
        byteCount =
            Self.byteCount(body: bodyByteCount, reply: resultCount * width, limits) + planning.byteCount
    }

    /// The cost of a SCORE.
    init(
        _ request: ScoreRequest, lookups: Int, filterByteCount: Int, bodyByteCount: Int,
        over generation: Generation, _ limits: Limits
    ) {
        let queryCount = request.scope.queries.count
        let candidateCount =
            request.candidates.offsets == nil
            ? queryCount * request.candidates.ids.count : request.candidates.ids.count
        stepCount = 1 + (lookups + candidateCount) / StepSize.ids
        byteCount =
            Self.byteCount(body: bodyByteCount, reply: candidateCount * 5, limits) + filterByteCount
            + request.scope.queries.foldInByteCount(dimension: generation.dimension)
    }

    /// The cost of a FILTER.
    init(lookups: Int, filterByteCount: Int, bodyByteCount: Int) {
        stepCount = 1 + lookups / StepSize.ids
        byteCount = 2 * bodyByteCount + filterByteCount
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
