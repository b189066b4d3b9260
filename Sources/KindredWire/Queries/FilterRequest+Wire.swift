import KindredDomain

extension FilterRequest {
    private static let fixedLength = 16

    init(decoding body: RawSpan, limits: Limits) throws(RequestFailure) {
        var sections = try SectionReader(request: body, fixedLengthMin: Self.fixedLength)
        var filterSections = FilterSections()
        while let section = try sections.next(in: body) {
            if !filterSections.take(section, &sections) { try section.skip() }
        }
        let lists = try filterSections.lists(in: body)
        let side: Side = try body.choice(at: 2, .side)
        let model = try sections.modelName()
        guard lists.filter != nil else { throw .malformedBody(.missingSection(FilterSections.Tag.filter)) }
        try lists.checkShape()
        try lists.checkLimits(limits)
        self.init(
            model: model, version: body.integer(at: 8, as: UInt64.self), side: side,
            filter: try lists.wholeFilter() ?? Filter(""))
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        writer.store(side.rawValue, at: fixed + 2)
        writer.store(version, at: fixed + 8)
        writer.appendModel(model)
        writer.appendFilter(filter.text, filter.parameters)
    }
}
