import KindredDomain

extension ScoreResponse {
    /// Appends the sections and fixed part of one frame's body.
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

    /// Bytes of the body with a stretch of the queries.
    func byteCount(of queries: Range<Int>, _ failures: OutcomeColumns) -> Int {
        let results = BatchReplyHead.results(of: queries, offsets)
        return BatchReplyHead.byteCount(origin, queries) + SectionSize.of(results.count * 4)
            + failures.byteCount(of: queries) + SectionSize.of((results.count + 7) / 8)
    }
}
