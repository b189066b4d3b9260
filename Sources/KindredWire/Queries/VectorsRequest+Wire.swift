import KindredDomain

extension VectorsRequest {
    private static let fixedLength = 16
    private static let idsTag: UInt16 = 64

    init(decoding body: RawSpan, limits: Limits) throws(RequestFailure) {
        var sections = try SectionReader(request: body, fixedLengthMin: Self.fixedLength)
        var idSections = IDSections(tag: Self.idsTag)
        while let section = try sections.next(in: body) {
            switch section.tag {
            case Self.idsTag...Self.idsTag + 2: idSections.take(section, &sections)
            default: try section.skip()
            }
        }
        let ids = try idSections.ids(in: body, limits: limits)
        let side: Side = try body.choice(at: 2, .side)
        let model = try sections.modelName()
        guard let ids else { throw .malformedBody(.missingSection(Self.idsTag)) }
        try limits.check(.vectorIDs, ids.count, atMost: limits.vectorIDsMax)
        self.init(model: model, version: body.integer(at: 8, as: UInt64.self), side: side, ids: ids)
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        writer.store(side.rawValue, at: fixed + 2)
        writer.store(version, at: fixed + 8)
        writer.appendModel(model)
        writer.appendIDs(ids, tag: Self.idsTag, critical: true)
    }
}
