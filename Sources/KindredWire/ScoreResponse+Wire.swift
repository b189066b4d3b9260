import KindredDomain

extension ScoreResponse {
    /// Appends the sections and fixed part of one frame's body.
    func encode(_ queries: Range<Int>, _ failures: OutcomeColumns, into writer: inout ByteWriter) {
        typealias Tag = ScoreReply.Tag
        let results = resultRange(queries)
        let fixed = writer.beginBody(fixedLength: ScoreReply.fixedLength)
        origin.storeBatch(queries, in: &writer, at: fixed)
        writer.appendString(origin.model.description, tag: Tag.model)
        let firstOffset = offsets[queries.lowerBound]
        writer.appendSection(count: queries.count + 1, tag: Tag.offsets) {
            offsets[queries.lowerBound + $0] - firstOffset
        }
        writer.appendSection(scores, in: results, tag: Tag.scores)
        failures.appendStatuses(of: queries, into: &writer)
        failures.appendFailures(of: queries, into: &writer)
        writer.appendBitmap(found, in: results, tag: Tag.found)
    }

    /// Bytes of the body with a stretch of the queries.
    func byteCount(of queries: Range<Int>, _ failures: OutcomeColumns) -> Int {
        let results = resultRange(queries)
        var count = ScoreReply.fixedLength + SectionSize.of(origin.model.description.utf8.count)
        count += SectionSize.of((queries.count + 1) * 4)
        count += SectionSize.of(results.count * 4)
        count += failures.byteCount(of: queries)
        count += SectionSize.of((results.count + 7) / 8)
        return count
    }

    private func resultRange(_ queries: Range<Int>) -> Range<Int> {
        Int(offsets[queries.lowerBound])..<Int(offsets[queries.upperBound])
    }
}
