import KindredDomain

/// Joins the frames of one answer and checks that they are a whole answer to the request.
package struct ReplyAssembler: Sendable {
    /// The parts of a whole answer. They also limit the memory that a client holds for one request.
    package enum Expectation: Sendable, Equatable {
        /// One frame.
        case single
        /// The number of queries, and the greatest number of results of each.
        case recommend(queries: Int, resultsPerQueryMax: Int)
        /// The number of queries, and of their scores in all where no query failed.
        case score(queries: Int, scores: Int)
        case vectors(ids: Int)

        /// The greatest number of frames of the answer: each of several has at least one query or id.
        package var framesMax: Int {
            switch self {
            case .single: 1
            case .recommend(let count, _), .score(let count, _), .vectors(let count): max(1, count)
            }
        }
    }

    private let expectation: Expectation
    private var joined: ServerReply?

    package init(expecting expectation: Expectation) { self.expectation = expectation }

    /// Adds the next frame. Returns the whole answer with the last one.
    ///
    /// Throws MALFORMED_BODY when the frame does not continue the ones before it, exceeds the expectation, or ends too
    /// early. A failure replaces the frames before it.
    package mutating func append(_ part: ServerReply, isEnd: Bool) throws(RequestFailure) -> ServerReply? {
        switch (expectation, part) {
        case (_, .failure):
            guard isEnd else { throw Self.notWhole }
            return part
        case (.recommend(let queries, let resultsMax), .recommend(let reply)):
            let whole = try join(reply, resultsPerQueryMax: resultsMax)
            return try finish(.recommend(whole), count: whole.outcomes.count, of: queries, isEnd: isEnd)
        case (.score(let queries, let scores), .score(let reply)):
            let whole = try join(reply)
            guard whole.scores.count <= scores else { throw Self.notWhole }
            return try finish(.score(whole), count: whole.outcomes.count, of: queries, isEnd: isEnd)
        case (.vectors(let ids), .vectors(let reply)):
            let limits = Limits.standard
            let whole = try join(reply)
            guard whole.dimension <= limits.dimensionMax,
                whole.elements.count <= Int(widening: limits.vectorElementsPerRequestMax)
            else { throw Self.notWhole }
            return try finish(.vectors(whole), count: whole.found.count, of: ids, isEnd: isEnd)
        case (.single, _):
            guard isEnd else { throw Self.notWhole }
            return part
        case (.recommend, _), (.score, _), (.vectors, _): throw Self.notWhole
        }
    }

    private mutating func finish(
        _ whole: ServerReply, count: Int, of expected: Int, isEnd: Bool
    ) throws(RequestFailure) -> ServerReply? {
        guard isEnd ? count == expected : count < expected else { throw Self.notWhole }
        joined = whole
        return isEnd ? whole : nil
    }

    private mutating func join(
        _ part: RecommendReply, resultsPerQueryMax: Int
    ) throws(RequestFailure) -> RecommendReply {
        for (first, end) in zip(part.offsets, part.offsets.dropFirst())
        where Int(widening: end - first) > resultsPerQueryMax {
            throw Self.notWhole
        }
        guard case .recommend(var whole) = joined else {
            guard part.firstQuery == 0 else { throw Self.notContinued }
            return part
        }
        joined = nil
        guard Int(widening: part.firstQuery) == whole.outcomes.count, !part.outcomes.isEmpty,
            part.origin.isSameAnswer(as: whole.origin), part.columns.count == whole.columns.count,
            (part.scores == nil) == (whole.scores == nil) || part.ids.isEmpty || whole.ids.isEmpty,
            (part.because == nil) == (whole.because == nil)
        else { throw Self.notContinued }
        try Self.append(part.offsets, to: &whole.offsets)
        try Self.append(part.ids, to: &whole.ids)
        if whole.scores == nil {
            whole.scores = part.scores
        } else if let scores = part.scores {
            whole.scores?.append(contentsOf: scores)
        }
        guard whole.scores.map({ $0.count == whole.ids.count }) ?? true else { throw Self.notContinued }
        whole.outcomes += part.outcomes
        if let because = part.because {
            whole.because?.found += because.found
            if var ids = whole.because?.ids {
                whole.because?.ids = .empty
                try Self.append(because.ids, to: &ids)
                whole.because?.ids = ids
            }
        }
        for index in whole.columns.indices {
            try Self.append(part.columns[index], to: &whole.columns[index])
        }
        return whole
    }

    private mutating func join(_ part: ScoreReply) throws(RequestFailure) -> ScoreReply {
        guard case .score(var whole) = joined else {
            guard part.firstQuery == 0 else { throw Self.notContinued }
            return part
        }
        joined = nil
        guard Int(widening: part.firstQuery) == whole.outcomes.count, !part.outcomes.isEmpty,
            part.origin.isSameAnswer(as: whole.origin)
        else { throw Self.notContinued }
        try Self.append(part.offsets, to: &whole.offsets)
        whole.scores += part.scores
        whole.found += part.found
        whole.outcomes += part.outcomes
        return whole
    }

    private mutating func join(_ part: VectorsReply) throws(RequestFailure) -> VectorsReply {
        guard case .vectors(var whole) = joined else {
            guard part.firstID == 0 else { throw Self.notContinued }
            return part
        }
        joined = nil
        guard Int(widening: part.firstID) == whole.found.count, !part.found.isEmpty,
            part.origin.isSameAnswer(as: whole.origin), part.dimension == whole.dimension
        else { throw Self.notContinued }
        whole.found += part.found
        whole.elements += part.elements
        return whole
    }

    // These append in place, so that an answer in many frames is not copied once for each frame.

    private static func append(_ part: [UInt32], to whole: inout [UInt32]) throws(RequestFailure) {
        guard let base = whole.last, let last = part.last, !base.addingReportingOverflow(last).overflow else {
            throw notContinued
        }
        whole.append(contentsOf: part.dropFirst().lazy.map { base + $0 })
    }

    private static func append(_ part: IDList, to whole: inout IDList) throws(RequestFailure) {
        // The kind of an empty list has no meaning.
        guard whole.isEmpty || part.isEmpty || whole.kind == part.kind else { throw notContinued }
        if case .text(let left) = whole, case .text(let right) = part { try check(left, right) }
        if !part.isEmpty { whole.append(contentsOf: part) }
    }

    private static func append(_ part: ReplyColumn, to whole: inout ReplyColumn) throws(RequestFailure) {
        whole.present += part.present
        switch (whole.values, part.values) {
        case (.integers(var all), .integers(let more)):
            whole.values = .integers([])
            all += more
            whole.values = .integers(all)
        case (.reals(var all), .reals(let more)):
            whole.values = .reals([])
            all += more
            whole.values = .reals(all)
        case (.text(var all), .text(let more)):
            whole.values = .text(TextList())
            try check(all, more)
            all.append(contentsOf: more)
            whole.values = .text(all)
        default: throw notContinued
        }
    }

    /// Throws where the joined texts need offsets of more than 32 bits.
    private static func check(_ whole: TextList, _ part: TextList) throws(RequestFailure) {
        guard UInt32(exactly: whole.bytes.count + part.bytes.count) != nil else { throw notContinued }
    }

    /// The frame does not begin where the one before it ended, or belongs to another answer.
    private static let notContinued = RequestFailure.malformedBody(.inconsistentSections(0))
    /// The answer has more or fewer parts than expected.
    private static let notWhole = RequestFailure.malformedBody(.truncated)
}

extension AnswerOrigin {
    /// True when two frames belong to one answer. Their times may differ.
    fileprivate func isSameAnswer(as other: AnswerOrigin) -> Bool {
        model == other.model && version == other.version
    }
}
