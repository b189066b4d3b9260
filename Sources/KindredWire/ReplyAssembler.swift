import KindredDomain

/// Joins the frames of one answer and checks that they are the answer to what was asked.
package struct ReplyAssembler: Sendable {
    /// What a whole answer consists of; it also bounds what a client holds for one request.
    package enum Expectation: Sendable, Equatable {
        /// One frame.
        case single
        /// So many queries of at most `resultsPerQueryMax` results.
        case recommend(queries: Int, resultsPerQueryMax: Int)
        /// So many queries with `scores` scores in all, where none of them failed.
        case score(queries: Int, scores: Int)
        case vectors(ids: Int)
    }

    private let expectation: Expectation
    private var joined: ServerReply?

    package init(expecting expectation: Expectation) { self.expectation = expectation }

    /// Takes the next frame; returns the whole answer with the last one.
    ///
    /// Throws MALFORMED_BODY when the frame does not continue the ones before it, exceeds what was asked for,
    /// or ends too early. A failure is an answer of its own and replaces what came before it.
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
            let whole = try join(reply)
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
        where Int(end - first) > resultsPerQueryMax {
            throw Self.notWhole
        }
        guard case .recommend(var whole) = joined else {
            guard part.firstQuery == 0 else { throw Self.notContinued }
            return part
        }
        joined = nil
        guard Int(part.firstQuery) == whole.outcomes.count, !part.outcomes.isEmpty,
            part.origin.isSameAnswer(as: whole.origin), part.columns.count == whole.columns.count,
            (part.scores == nil) == (whole.scores == nil) || part.ids.isEmpty || whole.ids.isEmpty
        else { throw Self.notContinued }
        whole.offsets = try Self.join(whole.offsets, part.offsets)
        whole.ids = try Self.join(whole.ids, part.ids)
        if let scores = part.scores { whole.scores = (whole.scores ?? []) + scores }
        whole.outcomes += part.outcomes
        for index in whole.columns.indices {
            whole.columns[index] = try Self.join(whole.columns[index], part.columns[index])
        }
        return whole
    }

    private mutating func join(_ part: ScoreReply) throws(RequestFailure) -> ScoreReply {
        guard case .score(var whole) = joined else {
            guard part.firstQuery == 0 else { throw Self.notContinued }
            return part
        }
        joined = nil
        guard Int(part.firstQuery) == whole.outcomes.count, !part.outcomes.isEmpty,
            part.origin.isSameAnswer(as: whole.origin)
        else { throw Self.notContinued }
        whole.offsets = try Self.join(whole.offsets, part.offsets)
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
        guard Int(part.firstID) == whole.found.count, !part.found.isEmpty,
            part.origin.isSameAnswer(as: whole.origin), part.dimension == whole.dimension
        else { throw Self.notContinued }
        whole.found += part.found
        whole.elements += part.elements
        return whole
    }

    private static func join(_ left: [UInt32], _ right: [UInt32]) throws(RequestFailure) -> [UInt32] {
        guard let base = left.last, let last = right.last, !base.addingReportingOverflow(last).overflow else {
            throw notContinued
        }
        return left + right.dropFirst().map { base + $0 }
    }

    private static func join(_ left: IDList, _ right: IDList) throws(RequestFailure) -> IDList {
        switch (left, right) {
        case (.numbers(let a), .numbers(let b)): return .numbers(a + b)
        case (.text(let a), .text(let b)): return .text(try join(a, b))
        // The kind of an empty list has no meaning.
        case (_, _) where left.isEmpty: return right
        case (_, _) where right.isEmpty: return left
        case (.numbers, .text), (.text, .numbers): throw notContinued
        }
    }

    private static func join(_ left: TextList, _ right: TextList) throws(RequestFailure) -> TextList {
        guard
            let list = TextList(
                offsets: try join(left.offsets, right.offsets), bytes: left.bytes + right.bytes)
        else { throw notContinued }
        return list
    }

    private static func join(
        _ left: ReplyColumn, _ right: ReplyColumn
    ) throws(RequestFailure) -> ReplyColumn {
        let values: ResultValues
        switch (left.values, right.values) {
        case (.integers(let a), .integers(let b)): values = .integers(a + b)
        case (.reals(let a), .reals(let b)): values = .reals(a + b)
        case (.text(let a), .text(let b)): values = .text(try join(a, b))
        default: throw notContinued
        }
        return ReplyColumn(values: values, present: left.present + right.present)
    }

    /// A frame that does not begin where the one before it ended, or is of another answer.
    private static let notContinued = RequestFailure.malformedBody(.inconsistentSections(0))
    /// An answer with more or fewer parts than were asked for.
    private static let notWhole = RequestFailure.malformedBody(.truncated)
}

extension AnswerOrigin {
    /// True when two frames belong to one answer: timings may differ.
    fileprivate func isSameAnswer(as other: AnswerOrigin) -> Bool {
        model == other.model && version == other.version
    }
}
