import KindredDomain

extension RecommendResponse {
    /// Appends the sections and fixed part of one frame's body.
    func encode(_ queries: Range<Int>, _ failures: OutcomeColumns, into writer: inout ByteWriter) {
        typealias Tag = RecommendReply.Tag
        let results = BatchReplyHead.results(of: queries, offsets)
        BatchReplyHead.encode(origin, offsets, queries, into: &writer)
        writer.appendIDs(ids, in: results, tag: Tag.ids)
        if hasScores { writer.appendSection(scores, in: results, tag: Tag.scores) }
        failures.appendStatuses(of: queries, into: &writer)
        writer.appendSection(count: queries.count, tag: Tag.flags) {
            (outcomes[queries.lowerBound + $0].isExact ? QueryFlags.exact : []).rawValue
        }
        writer.appendSection(count: queries.count, tag: Tag.rowsEligible) {
            outcomes[queries.lowerBound + $0].rowsEligible
        }
        writer.appendSection(count: queries.count, tag: Tag.rowsScanned) {
            outcomes[queries.lowerBound + $0].rowsScanned
        }
        failures.appendFailures(of: queries, into: &writer)
        failures.appendNumbers(of: queries, into: &writer)
        for (index, column) in columns.enumerated() {
            column.encode(results, tag: Tag.columns + UInt16(clamping: 4 * index), into: &writer)
        }
    }

    /// Bytes of the body with a stretch of the queries.
    func byteCount(of queries: Range<Int>, _ failures: OutcomeColumns) -> Int {
        let results = BatchReplyHead.results(of: queries, offsets)
        var count = BatchReplyHead.byteCount(origin, queries)
        count += SectionSize.of(ids, in: results)
        if hasScores { count += SectionSize.of(results.count * 4) }
        count += failures.byteCount(of: queries)
        count += SectionSize.of(queries.count * 2) + 2 * SectionSize.of(queries.count * 8)
        for column in columns { count += column.byteCount(of: results) }
        return count
    }

    /// An answer without results does not tell whether scores were wanted: it has the section, empty.
    private var hasScores: Bool { !scores.isEmpty || ids.isEmpty }
}

extension ResultColumn {
    /// Bytes of the column block of a stretch of results.
    func byteCount(of results: Range<Int>) -> Int {
        let bitmap = SectionSize.of((results.count + 7) / 8)
        switch values {
        case .integers, .reals: return bitmap + SectionSize.of(results.count * 8)
        case .text(let list): return bitmap + SectionSize.of(list, in: results)
        }
    }

    /// Appends the column block of a stretch of results, which takes four tags.
    func encode(_ results: Range<Int>, tag: UInt16, into writer: inout ByteWriter) {
        switch values {
        case .integers(let values): writer.appendSection(values, in: results, tag: tag)
        case .reals(let values): writer.appendSection(values, in: results, tag: tag)
        case .text(let list): writer.appendTexts(list, in: results, tag: tag + 1)
        }
        writer.appendBitmap(present, in: results, tag: tag + 3)
    }
}
