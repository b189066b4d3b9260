import KindredDomain

extension AudienceRows {
    /// Reads DATA, which on the way up may have no ids.
    init(decoding body: RawSpan, limits: Limits) throws(RequestFailure) {
        var sections = try SectionReader(request: body, fixedLengthMin: DataFrame.fixedLength)
        var idSections = IDSections(tag: DataFrame.idsTag)
        var scores: Section?
        while let section = try sections.next(in: body) {
            switch section.tag {
            case DataFrame.idsTag...DataFrame.idsTag + 2: idSections.take(section, &sections)
            case DataFrame.scoresTag: scores = sections.keep(section, as: .f32)
            default: try section.skip()
            }
        }
        let ids = try idSections.ids(in: body, limits: limits) ?? .empty
        _ = try sections.modelName()
        self.init(
            firstRow: body.integer(at: 8, as: UInt64.self), ids: ids,
            scores: try scores?.elements(of: Float.self, count: ids.count, in: body) ?? [])
    }

    /// Reads DATA from a server, which has at least one row.
    init(decodingRows body: RawSpan) throws(RequestFailure) {
        try self.init(decoding: body, limits: .standard)
        guard !ids.isEmpty else { throw .malformedBody(.missingSection(DataFrame.idsTag)) }
    }

    func encode(into writer: inout ByteWriter) {
        DataFrame.beginBody(firstRow: firstRow, into: &writer)
        writer.appendIDs(ids, tag: DataFrame.idsTag, critical: true)
        if !scores.isEmpty { writer.appendSection(scores, tag: DataFrame.scoresTag) }
    }
}
