import KindredDomain

extension ScoreRequest {
    private static let candidatesTag: UInt16 = 84

    init(decoding body: RawSpan, limits: Limits) throws(RequestFailure) {
        var sections = try SectionReader(request: body, fixedLengthMin: ScopeFixedPart.byteCount)
        var reader = ScopeReader()
        var candidateSections = IDSections(tag: Self.candidatesTag)
        while let section = try sections.next(in: body) {
            if reader.take(section, &sections) { continue }
            switch section.tag {
            case Self.candidatesTag...Self.candidatesTag + 3: candidateSections.take(section, &sections)
            default: try section.skip()
            }
        }
        let lists = try reader.lists(in: body, limits: limits)
        let candidates = try candidateSections.ragged(in: body, limits: limits)

        let fixed = try ScopeFixedPart(body, optionsKnown: 0)
        let model = try sections.modelName()
        try fixed.checkQueryCount(limits)
        let scope = QueryScope(
            model: model, version: fixed.version, queries: try lists.queries(fixed), target: fixed.target,
            similarity: fixed.similarity)
        guard let candidates else { throw .malformedBody(.missingSection(Self.candidatesTag)) }
        try candidates.check(queries: fixed.queryCount, tag: Self.candidatesTag)

        try scope.queries.checkLimits(limits)
        var listed: UInt64 = 0
        try limits.check(
            .candidates, candidates, queries: fixed.queryCount, atMost: limits.candidatesMax, &listed)
        try limits.check(.listedIDsPerRequest, listed, atMost: limits.listedIDsPerRequestMax)
        try scope.queries.checkWeights()
        self.init(scope: scope, candidates: candidates)
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: ScopeFixedPart.byteCount)
        scope.storeFixed(in: &writer, at: fixed, options: 0)
        scope.encodeSections(into: &writer)
        writer.appendRagged(candidates, tag: Self.candidatesTag, critical: true)
    }
}
