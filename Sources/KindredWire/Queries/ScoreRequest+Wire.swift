import KindredDomain

extension ScoreRequest {
    private static let candidatesTag: UInt16 = 84

    init(decoding body: RawSpan, limits: Limits) throws(RequestFailure) {
        var sections = try SectionReader(request: body, fixedLengthMin: ScopeFixedPart.byteCount)
        var reader = ScopeReader()
        var candidateSections = IDSections(tag: Self.candidatesTag)
        var filterSections = FilterSections()
        while let section = try sections.next(in: body) {
            if reader.take(section, &sections) { continue }
            switch section.tag {
            case Self.candidatesTag...Self.candidatesTag + 3: candidateSections.take(section, &sections)
            default: if !filterSections.take(section, &sections) { try section.skip() }
            }
        }
        var lists = try reader.lists(in: body, limits: limits)
        let candidates = try candidateSections.ragged(in: body, limits: limits)
        try reader.readBlends(into: &lists, in: body, limits: limits)
        let filter = try filterSections.lists(in: body)

        let fixed = try ScopeFixedPart(body, optionsKnown: 0)
        guard fixed.unknownIDs != .fallback else {
            let value = UInt64(widening: fixed.unknownIDs.rawValue)
            throw .invalidArgument(.unknownValue(field: .unknownIDPolicy, value: value))
        }
        let model = try sections.modelName()
        try fixed.checkQueryCount(limits)
        var scope = QueryScope(
            model: model, version: fixed.version, queries: try lists.queries(fixed), target: fixed.target,
            similarity: fixed.similarity)
        scope.unknownIDs = fixed.unknownIDs
        guard let candidates else { throw .malformedBody(.missingSection(Self.candidatesTag)) }
        try candidates.check(queries: fixed.queryCount, tag: Self.candidatesTag)
        try filter.checkShape()

        try scope.queries.checkLimits(limits)
        var listed: UInt64 = 0
        try limits.check(
            .candidates, candidates, queries: fixed.queryCount, atMost: limits.candidatesMax, &listed)
        try limits.check(.listedIDsPerRequest, listed, atMost: limits.listedIDsPerRequestMax)
        try filter.checkLimits(limits)
        try scope.queries.checkWeights()
        self.init(scope: scope, candidates: candidates)
        self.filter = try filter.wholeFilter()
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: ScopeFixedPart.byteCount)
        scope.storeFixed(in: &writer, at: fixed, options: 0)
        scope.encodeSections(into: &writer)
        writer.appendRagged(candidates, tag: Self.candidatesTag, critical: true)
        scope.encodeLateSections(into: &writer)
        if let filter { writer.appendFilter(filter.text, filter.parameters) }
    }
}
