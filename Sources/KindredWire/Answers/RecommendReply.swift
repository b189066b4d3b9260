import KindredDomain

/// The answer to RECOMMEND as a client reads it: for query i the results `offsets[i] ..< offsets[i + 1]`.
package struct RecommendReply: Sendable, Equatable {
    package var origin: AnswerOrigin
    /// Position of the first query in the whole answer.
    package var firstQuery: UInt32
    /// One for each query of this part.
    package var outcomes: [QueryReply]
    /// One more than there are queries; begins with 0 and never descends.
    package var offsets: [UInt32]
    package var ids: IDList
    /// One for each id; nil when the request did not want them.
    package var scores: [Float]?
    /// In the order of the request's names.
    package var columns: [ReplyColumn]
    /// Nil where the request did not want them.
    package var because: BecauseList?

    enum Tag {
        static let ids: UInt16 = 68
        static let scores: UInt16 = 72
        static let flags: UInt16 = 74
        static let rowsEligible: UInt16 = 75
        static let rowsScanned: UInt16 = 76
        static let unknownIDs: UInt16 = 83
        static let because: UInt16 = 84
        static let becauseFound: UInt16 = 87
        static let rowsTaken: UInt16 = 88
        static let columns: UInt16 = 128
        static let columnsEnd: UInt16 = columns + 4 * UInt16(clamping: Limits.standard.columnsPerRequestMax)
    }

    init(decoding body: RawSpan) throws(RequestFailure) {
        var sections = try SectionReader(body, fixedLengthMin: BatchReplyHead.fixedLength)
        var head = BatchReplyHead()
        var failures = OutcomeReader()
        var idSections = IDSections(tag: Tag.ids)
        var scoreSection: Section?
        var flags: Section?
        var eligible: Section?
        var scanned: Section?
        var blocks: [ColumnSections] = []
        var rules = RuleReplySections()
        while let section = try sections.next(in: body) {
            if head.take(section, &sections) || failures.take(section, &sections) { continue }
            switch section.tag {
            case Tag.ids...Tag.ids + 2: idSections.take(section, &sections)
            case Tag.scores: scoreSection = sections.keep(section, as: .f32)
            case Tag.flags: flags = sections.keep(section, as: .u16)
            case Tag.rowsEligible: eligible = sections.keep(section, as: .u64)
            case Tag.rowsScanned: scanned = sections.keep(section, as: .u64)
            case Tag.columns..<Tag.columnsEnd:
                let tag = section.tag - section.tag % 4
                // Column blocks must be in ascending order and without gaps.
                if blocks.last?.tag != tag {
                    guard tag == Tag.columns + 4 * UInt16(clamping: blocks.count) else {
                        throw .malformedBody(.inconsistentSections(section.tag))
                    }
                    blocks.append(ColumnSections(tag: tag))
                }
                blocks[blocks.count - 1].take(section, &sections)
            default: if !rules.take(section, &sections) { try section.skip() }
            }
        }
        let batch = try head.batch(in: body)
        origin = batch.origin
        firstQuery = batch.firstQuery
        offsets = batch.offsets
        let resultCount = batch.resultCount
        guard let ids = try idSections.ids(in: body, limits: .standard) else {
            throw .malformedBody(.missingSection(Tag.ids))
        }
        guard ids.count == resultCount else { throw .malformedBody(.inconsistentSections(Tag.ids)) }
        self.ids = ids
        scores = try scoreSection?.elements(of: Float.self, count: resultCount, in: body)
        columns = []
        for block in blocks { columns.append(try block.column(count: resultCount, in: body)) }
        because = try rules.because(count: resultCount, in: body)
        outcomes = try failures.outcomes(count: batch.queryCount, in: body)
        try decodeDiagnostics(flags: flags, eligible: eligible, scanned: scanned, in: body)
        try rules.add(to: &outcomes, in: body)
    }

    private mutating func decodeDiagnostics(
        flags: Section?, eligible: Section?, scanned: Section?, in body: RawSpan
    ) throws(RequestFailure) {
        guard let flags else { throw .malformedBody(.missingSection(Tag.flags)) }
        guard let eligible else { throw .malformedBody(.missingSection(Tag.rowsEligible)) }
        guard let scanned else { throw .malformedBody(.missingSection(Tag.rowsScanned)) }
        let count = outcomes.count
        let flagValues = try flags.elements(of: UInt16.self, count: count, in: body)
        let eligibleValues = try eligible.elements(of: UInt64.self, count: count, in: body)
        let scannedValues = try scanned.elements(of: UInt64.self, count: count, in: body)
        for index in 0..<count {
            outcomes[index].flags = QueryFlags(rawValue: flagValues[index])
            outcomes[index].rowsEligible = eligibleValues[index]
            outcomes[index].rowsScanned = scannedValues[index]
        }
    }
}

extension RecommendResponse {
    /// Appends the body of one frame with a range of the queries. `becauseBefore`: items of `because` before each
    /// result.
    func encode(
        _ queries: Range<Int>, _ failures: OutcomeColumns, becauseBefore: [Int], into writer: inout ByteWriter
    ) {
        typealias Tag = RecommendReply.Tag
        let results = BatchReplyHead.results(of: queries, offsets)
        BatchReplyHead.encode(origin, offsets, queries, into: &writer)
        writer.appendIDs(ids, in: results, tag: Tag.ids)
        if hasScores { writer.appendSection(scores, in: results, tag: Tag.scores) }
        failures.appendStatuses(of: queries, into: &writer)
        writer.appendSection(count: queries.count, tag: Tag.flags) {
            let outcome = outcomes[queries.lowerBound + $0]
            return (outcome.isExact ? QueryFlags.exact.rawValue : 0)
                | (outcome.isFallback ? QueryFlags.fallback.rawValue : 0)
        }
        writer.appendSection(count: queries.count, tag: Tag.rowsEligible) {
            outcomes[queries.lowerBound + $0].rowsEligible
        }
        writer.appendSection(count: queries.count, tag: Tag.rowsScanned) {
            outcomes[queries.lowerBound + $0].rowsScanned
        }
        failures.appendFailures(of: queries, into: &writer)
        failures.appendNumbers(of: queries, into: &writer)
        if let unknownIDs { writer.appendSection(unknownIDs, in: queries, tag: Tag.unknownIDs) }
        if let because {
            let items = becauseBefore[results.lowerBound]..<becauseBefore[results.upperBound]
            writer.appendIDs(because.ids, in: items, tag: Tag.because)
            writer.appendBitmap(because.found, in: results, tag: Tag.becauseFound)
        }
        if let rowsTaken { writer.appendSection(rowsTaken, in: queries, tag: Tag.rowsTaken) }
        for (index, column) in columns.enumerated() {
            column.encode(results, tag: Tag.columns + UInt16(clamping: 4 * index), into: &writer)
        }
    }

    /// Bytes of the body with a range of the queries.
    func byteCount(of queries: Range<Int>, _ failures: OutcomeColumns, becauseBefore: [Int]) -> Int {
        let results = BatchReplyHead.results(of: queries, offsets)
        var count = BatchReplyHead.byteCount(origin, queries)
        count += SectionSize.of(ids, in: results)
        if hasScores { count += SectionSize.of(results.count * 4) }
        count += failures.byteCount(of: queries)
        count += SectionSize.of(queries.count * 2) + 2 * SectionSize.of(queries.count * 8)
        if unknownIDs != nil { count += SectionSize.of(queries.count * 4) }
        if let because {
            let items = becauseBefore[results.lowerBound]..<becauseBefore[results.upperBound]
            count += SectionSize.of(because.ids, in: items) + SectionSize.of((results.count + 7) / 8)
        }
        if rowsTaken != nil { count += SectionSize.of(queries.count * 8) }
        for column in columns { count += column.byteCount(of: results) }
        return count
    }

    /// An answer without results does not show whether scores were wanted, so it has an empty section.
    private var hasScores: Bool { !scores.isEmpty || ids.isEmpty }
}
