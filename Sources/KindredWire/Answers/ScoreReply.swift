import KindredDomain

/// The answer to SCORE as a client reads it: for query i the scores `offsets[i] ..< offsets[i + 1]`.
package struct ScoreReply: Sendable, Equatable {
    package var origin: AnswerOrigin
    /// Position of the first query in the whole answer.
    package var firstQuery: UInt32
    /// One for each query of this part.
    package var outcomes: [QueryReply]
    /// One more than there are queries; begins with 0 and never descends.
    package var offsets: [UInt32]
    /// 0 where `found` is false.
    package var scores: [Float]
    /// False where the model does not have the candidate.
    package var found: [Bool]

    enum Tag {
        static let scores: UInt16 = 72
        static let found: UInt16 = 80
    }

    init(decoding body: RawSpan) throws(RequestFailure) {
        var sections = try SectionReader(body, fixedLengthMin: BatchReplyHead.fixedLength)
        var head = BatchReplyHead()
        var failures = OutcomeReader()
        var scoreSection: Section?
        var bitmap: Section?
        while let section = try sections.next(in: body) {
            if head.take(section, &sections) || failures.take(section, &sections) { continue }
            switch section.tag {
            case Tag.scores: scoreSection = sections.keep(section, as: .f32)
            case Tag.found: bitmap = sections.keep(section, as: .u8)
            default: try section.skip()
            }
        }
        guard let scoreSection else { throw .malformedBody(.missingSection(Tag.scores)) }
        guard let bitmap else { throw .malformedBody(.missingSection(Tag.found)) }
        let batch = try head.batch(in: body)
        origin = batch.origin
        firstQuery = batch.firstQuery
        offsets = batch.offsets
        scores = try scoreSection.elements(of: Float.self, count: batch.resultCount, in: body)
        found = try bitmap.bitmap(count: batch.resultCount, in: body)
        outcomes = try failures.outcomes(count: batch.queryCount, in: body)
    }
}

extension ScoreResponse {
    /// Appends the body of one frame.
    func encode(_ queries: Range<Int>, _ failures: OutcomeColumns, into writer: inout ByteWriter) {
        typealias Tag = ScoreReply.Tag
        let results = BatchReplyHead.results(of: queries, offsets)
        BatchReplyHead.encode(origin, offsets, queries, into: &writer)
        writer.appendSection(scores, in: results, tag: Tag.scores)
        failures.appendStatuses(of: queries, into: &writer)
        failures.appendFailures(of: queries, into: &writer)
        writer.appendBitmap(found, in: results, tag: Tag.found)
        failures.appendNumbers(of: queries, into: &writer)
    }

    /// Bytes of the body with a range of the queries.
    func byteCount(of queries: Range<Int>, _ failures: OutcomeColumns) -> Int {
        let results = BatchReplyHead.results(of: queries, offsets)
        return BatchReplyHead.byteCount(origin, queries) + SectionSize.of(results.count * 4)
            + failures.byteCount(of: queries) + SectionSize.of((results.count + 7) / 8)
    }
}
