import KindredDomain

extension RecommendRequest {
    private enum Tag {
        static let exclusions: UInt16 = 80
        static let candidates: UInt16 = 84
        static let minimumScores: UInt16 = 88
        static let columns: UInt16 = 92
    }

    private enum Option {
        static let withoutScores: UInt16 = 1
        static let includeMembers: UInt16 = 2
        static let excludeSeen: UInt16 = 4
        static let because: UInt16 = 8
        static let distinct: UInt16 = 16
        static let rules = excludeSeen | because | distinct
        static let known = withoutScores | includeMembers | rules
    }

    init(decoding body: RawSpan, limits: Limits) throws(RequestFailure) {
        var sections = try SectionReader(request: body, fixedLengthMin: ScopeFixedPart.byteCount)
        var reader = ScopeReader()
        var exclusionSections = IDSections(tag: Tag.exclusions)
        var candidateSections = IDSections(tag: Tag.candidates)
        var scoreSection: Section?
        var columnSections = TextSections(tag: Tag.columns)
        var filterSections = FilterSections()
        var rankSections = RankSections()
        while let section = try sections.next(in: body) {
            if reader.take(section, &sections) { continue }
            switch section.tag {
            case Tag.exclusions...Tag.exclusions + 3: exclusionSections.take(section, &sections)
            case Tag.candidates...Tag.candidates + 3: candidateSections.take(section, &sections)
            case Tag.minimumScores: scoreSection = sections.keep(section, as: .f32)
            case Tag.columns...Tag.columns + 1: columnSections.take(section, &sections)
            default:
                if filterSections.take(section, &sections) || rankSections.take(section, &sections) {
                    continue
                }
                try section.skip()
            }
        }
        var lists = try reader.lists(in: body, limits: limits)
        let exclusions = try exclusionSections.ragged(in: body, limits: limits)
        let candidates = try candidateSections.ragged(in: body, limits: limits)
        let columns = try columnSections.list(in: body)
        try reader.readBlends(into: &lists, in: body, limits: limits)
        let filter = try filterSections.lists(in: body)
        let rank = try rankSections.lists(in: body)

        let fixed = try ScopeFixedPart(body, optionsKnown: Option.known)
        let model = try sections.modelName()
        try fixed.checkQueryCount(limits)
        try fixed.checkK(limits)
        try Self.checkKind(fixed)

        var scope = QueryScope(
            model: model, version: fixed.version, queries: try lists.queries(fixed), target: fixed.target,
            similarity: fixed.similarity)
        scope.unknownIDs = fixed.unknownIDs
        self.init(scope: scope, k: fixed.k)
        wantsScores = fixed.options & Option.withoutScores == 0
        includesMembers = fixed.options & Option.includeMembers != 0
        self.exclusions = exclusions
        self.candidates = candidates
        if let scoreSection { minimumScores = scoreSection.elements(of: Float.self, in: body) }
        try checkShape(hasMinimumScores: scoreSection != nil)
        try filter.checkShape()
        try rank.checkShape(queryCount: scope.queries.count, hasFilter: filter.filter != nil)
        try checkLimits(columns: columns, limits)
        try filter.checkLimits(limits)
        try rank.checkLimits(k: k, limits)
        self.columns = columns?.strings ?? []
        try scope.queries.checkWeights()
        if let score = minimumScores.first(where: { !$0.isFinite }) {
            throw .invalidArgument(.minimumScoreNotFinite(score))
        }
        rules = try Self.rules(fixed, filter, rank, limits)
    }

    /// Throws INVALID_ARGUMENT for an option that the kind of the queries has no use for.
    private static func checkKind(_ fixed: ScopeFixedPart) throws(RequestFailure) {
        if fixed.options & Option.excludeSeen != 0,
            fixed.kind != .user && fixed.kind != .blend || fixed.target != .items
        {
            throw .invalidArgument(.seenWithoutUser)
        }
        if fixed.options & Option.because != 0, fixed.kind == .vector {
            throw .invalidArgument(.becauseWithoutItems)
        }
    }

    /// The rules; nil where the request has none.
    private static func rules(
        _ fixed: ScopeFixedPart, _ filter: FilterSections.Lists, _ rank: RankSections.Lists, _ limits: Limits
    ) throws(RequestFailure) -> RecommendRules? {
        guard fixed.options & Option.rules != 0 || !filter.isEmpty || !rank.isEmpty else { return nil }
        var rules = RecommendRules()
        rules.excludesSeen = fixed.options & Option.excludeSeen != 0
        rules.wantsBecause = fixed.options & Option.because != 0
        rules.isDistinct = fixed.options & Option.distinct != 0
        rules.filter = filter.filter
        rules.parameters = try filter.parameters()
        try rank.values(into: &rules, k: fixed.k, limits)
        return rules
    }

    /// Compares the numbers of lists and minimum scores with the number of queries.
    private func checkShape(hasMinimumScores: Bool) throws(RequestFailure) {
        let queries = scope.queries.count
        try exclusions?.check(queries: queries, tag: Tag.exclusions)
        try candidates?.check(queries: queries, tag: Tag.candidates)
        guard !hasMinimumScores || minimumScores.count == 1 || minimumScores.count == queries else {
            throw .malformedBody(.inconsistentSections(Tag.minimumScores))
        }
    }

    private func checkLimits(columns: TextList?, _ limits: Limits) throws(RequestFailure) {
        let queries = scope.queries.count
        try scope.queries.checkLimits(limits)
        var listed: UInt64 = 0
        if let exclusions {
            try limits.check(
                .excludedIDs, exclusions, queries: queries, atMost: limits.excludedIDsMax, &listed)
        }
        if let candidates {
            try limits.check(.candidates, candidates, queries: queries, atMost: limits.candidatesMax, &listed)
        }
        try limits.check(.listedIDsPerRequest, listed, atMost: limits.listedIDsPerRequestMax)
        guard let columns else { return }
        try limits.check(
            .columnsPerRequest, columns.count, atMost: limits.columnsPerRequestMax)
        for index in 0..<columns.count {
            try limits.check(
                .columnNameBytes, UInt64(clamping: columns[index].count),
                atMost: UInt64(clamping: Limits.columnNameBytesMax))
        }
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: ScopeFixedPart.byteCount)
        var options =
            (wantsScores ? 0 : Option.withoutScores) | (includesMembers ? Option.includeMembers : 0)
        if let rules {
            options |=
                (rules.excludesSeen ? Option.excludeSeen : 0) | (rules.wantsBecause ? Option.because : 0)
                | (rules.isDistinct ? Option.distinct : 0)
        }
        scope.storeFixed(in: &writer, at: fixed, options: options)
        writer.store(k, at: fixed + 12)
        scope.encodeSections(into: &writer)
        if let exclusions { writer.appendRagged(exclusions, tag: Tag.exclusions, critical: true) }
        if let candidates { writer.appendRagged(candidates, tag: Tag.candidates, critical: true) }
        if !minimumScores.isEmpty {
            writer.appendSection(minimumScores, tag: Tag.minimumScores, critical: true)
        }
        if !columns.isEmpty { writer.appendTexts(TextList(columns), tag: Tag.columns, critical: true) }
        scope.encodeLateSections(into: &writer)
        if let rules {
            writer.appendFilter(rules.filter, rules.parameters)
            writer.appendRank(rules)
        }
    }
}
