import KindredDomain

extension AudienceRows {
    init(decoding body: RawSpan, limits: Limits) throws(RequestFailure) {
        var sections = try SectionReader(body, fixedLengthMin: DataFrame.fixedLength)
        var idSections = IDSections(tag: DataFrame.idsTag)
        var scores: Section?
        while let section = try sections.next(in: body) {
            switch section.tag {
            case DataFrame.idsTag...DataFrame.idsTag + 2: idSections.take(section, &sections)
            case DataFrame.scoresTag: scores = sections.keep(section, as: .f32)
            default: try section.skip()
            }
        }
        guard let ids = try idSections.ids(in: body, limits: limits) else {
            throw .malformedBody(.missingSection(DataFrame.idsTag))
        }
        self.init(
            firstRow: body.integer(at: 8, as: UInt64.self), ids: ids,
            scores: try scores?.elements(of: Float.self, count: ids.count, in: body) ?? [])
    }

    func encode(into writer: inout ByteWriter) {
        DataFrame.beginBody(firstRow: firstRow, into: &writer)
        writer.appendIDs(ids, tag: DataFrame.idsTag, critical: true)
        if !scores.isEmpty { writer.appendSection(scores, tag: DataFrame.scoresTag) }
    }
}
