import KindredDomain

/// The sections of RECOMMEND's other rules: a filter for each query, boosts, caps, diversity and the offset.
struct RankSections {
    enum Tag {
        static let boostFilters: UInt16 = 112
        static let boostEffects: UInt16 = 114
        static let boostValues: UInt16 = 115
        static let capColumns: UInt16 = 116
        static let capCounts: UInt16 = 118
        static let offset: UInt16 = 120
        static let pool: UInt16 = 121
        static let diversity: UInt16 = 122
        static let queryFilters: UInt16 = 124
    }

    /// The sections' lists: each is well formed, and not yet compared with the others.
    struct Lists {
        fileprivate var boostFilters: TextList?
        fileprivate var boostEffects: [UInt8]?
        fileprivate var boostValues: [Double]?
        fileprivate var capColumns: TextList?
        fileprivate var capCounts: [UInt32]?
        fileprivate var offset: [UInt32]?
        fileprivate var pool: [UInt32]?
        fileprivate var diversity: [Double]?
        fileprivate var queryFilters: TextList?
    }

    private var boostFilters = TextSections(tag: Tag.boostFilters)
    private var boostEffects: Section?
    private var boostValues: Section?
    private var capColumns = TextSections(tag: Tag.capColumns)
    private var capCounts: Section?
    private var offset: Section?
    private var pool: Section?
    private var diversity: Section?
    private var queryFilters = TextSections(tag: Tag.queryFilters)

    /// Keeps a section of the rules; false for any other.
    mutating func take(_ section: Section, _ reader: inout SectionReader) -> Bool {
        switch section.tag {
        case Tag.boostFilters...Tag.boostFilters + 1: boostFilters.take(section, &reader)
        case Tag.boostEffects: boostEffects = reader.keep(section, as: .u8)
        case Tag.boostValues: boostValues = reader.keep(section, as: .f64)
        case Tag.capColumns...Tag.capColumns + 1: capColumns.take(section, &reader)
        case Tag.capCounts: capCounts = reader.keep(section, as: .u32)
        case Tag.offset: offset = reader.keep(section, as: .u32)
        case Tag.pool: pool = reader.keep(section, as: .u32)
        case Tag.diversity: diversity = reader.keep(section, as: .f64)
        case Tag.queryFilters...Tag.queryFilters + 1: queryFilters.take(section, &reader)
        default: return false
        }
        return true
    }

    /// The lists, with their forms checked.
    func lists(in body: RawSpan) throws(RequestFailure) -> Lists {
        var lists = Lists()
        lists.boostFilters = try boostFilters.list(in: body)
        lists.boostEffects = boostEffects?.elements(of: UInt8.self, in: body)
        lists.boostValues = boostValues?.elements(of: Double.self, in: body)
        lists.capColumns = try capColumns.list(in: body)
        lists.capCounts = capCounts?.elements(of: UInt32.self, in: body)
        lists.offset = offset?.elements(of: UInt32.self, in: body)
        lists.pool = pool?.elements(of: UInt32.self, in: body)
        lists.diversity = diversity?.elements(of: Double.self, in: body)
        lists.queryFilters = try queryFilters.list(in: body)
        return lists
    }
}

extension RankSections.Lists {
    private typealias Tag = RankSections.Tag

    /// True where no section is there.
    var isEmpty: Bool {
        boostFilters == nil && boostEffects == nil && boostValues == nil && capColumns == nil
            && capCounts == nil
            && offset == nil && pool == nil && diversity == nil && queryFilters == nil
    }

    /// Compares the numbers of elements. `hasFilter`: the request has a filter for all queries.
    func checkShape(queryCount: Int, hasFilter: Bool) throws(RequestFailure) {
        try Self.check(boostEffects?.count, of: boostFilters, listTag: Tag.boostFilters, Tag.boostEffects)
        try Self.check(boostValues?.count, of: boostFilters, listTag: Tag.boostFilters, Tag.boostValues)
        try Self.check(capCounts?.count, of: capColumns, listTag: Tag.capColumns, Tag.capCounts)
        for (count, tag) in [
            (offset?.count, Tag.offset), (pool?.count, Tag.pool), (diversity?.count, Tag.diversity),
        ] {
            guard count ?? 1 == 1 else { throw .malformedBody(.inconsistentSections(tag)) }
        }
        guard pool == nil || diversity != nil else { throw .malformedBody(.missingSection(Tag.diversity)) }
        guard let queryFilters else { return }
        guard queryFilters.count == queryCount, !hasFilter else {
            throw .malformedBody(.inconsistentSections(Tag.queryFilters))
        }
    }

    /// Throws unless there are as many elements as texts, and none where there are no texts.
    private static func check(
        _ count: Int?, of texts: TextList?, listTag: UInt16, _ tag: UInt16
    ) throws(RequestFailure) {
        guard let texts else {
            if count != nil { throw .malformedBody(.missingSection(listTag)) }
            return
        }
        guard let count else { throw .malformedBody(.missingSection(tag)) }
        guard count == texts.count else { throw .malformedBody(.inconsistentSections(tag)) }
    }

    /// Throws LIMIT_EXCEEDED, in the specification's order.
    func checkLimits(k: UInt32, _ limits: Limits) throws(RequestFailure) {
        if let boostFilters {
            try limits.check(.boosts, boostFilters.count, atMost: limits.boostsMax)
            for index in 0..<boostFilters.count {
                try limits.check(.filterBytes, boostFilters[index].count, atMost: limits.filterBytesMax)
            }
        }
        if let queryFilters {
            let byteCount = (0..<queryFilters.count).reduce(0) { $0 + queryFilters[$1].count }
            try limits.check(.filterBytes, byteCount, atMost: limits.filterBytesMax)
        }
        if let capColumns {
            try limits.check(.caps, capColumns.count, atMost: limits.capsMax)
            for index in 0..<capColumns.count {
                try limits.check(
                    .columnNameBytes, UInt64(clamping: capColumns[index].count),
                    atMost: UInt64(clamping: Limits.columnNameBytesMax))
            }
        }
        try limits.check(
            .offsetAndK, UInt64(widening: offset?.first ?? 0) + UInt64(widening: k),
            atMost: UInt64(widening: limits.kMax))
        try limits.check(
            .pool, UInt64(widening: pool?.first ?? 0), atMost: UInt64(widening: limits.poolMax))
    }

    /// Puts the values into the rules. The caller has checked shape and limits. Throws INVALID_ARGUMENT for the first
    /// value that is wrong.
    func values(into rules: inout RecommendRules, k: UInt32, _ limits: Limits) throws(RequestFailure) {
        try addBoosts(to: &rules)
        for index in 0..<(capColumns?.count ?? 0) {
            let column = String(decoding: capColumns![index], as: UTF8.self)
            guard capCounts![index] > 0 else {
                throw .invalidArgument(.rule(.capIsZero(cap: index)))
            }
            rules.caps.append(GroupCap(column, atMost: capCounts![index]))
        }
        rules.offset = offset?.first ?? 0
        rules.queryFilters = queryFilters?.strings ?? []
        guard let weight = diversity?.first else { return }
        let wanted = pool?.first ?? 0
        rules.diversity = Diversity(weight: weight, pool: wanted == 0 ? nil : wanted)
        let end = UInt64(widening: rules.offset) + UInt64(widening: k)
        try Self.check { () throws(RuleFailure) in
            _ = try rules.diversity?.poolSize(end: Int(clamping: end), limits: limits)
        }
    }

    /// Turns a failure of the rules into one of the request.
    private static func check(_ body: () throws(RuleFailure) -> Void) throws(RequestFailure) {
        do throws(RuleFailure) { try body() } catch { throw error.requestFailure }
    }

    private func addBoosts(to rules: inout RecommendRules) throws(RequestFailure) {
        guard let boostFilters, let boostEffects, let boostValues else { return }
        for index in 0..<boostFilters.count {
            let value = boostValues[index]
            let effect: BoostEffect
            switch WireEffect(rawValue: boostEffects[index]) {
            case .multiply: effect = .multiply(value)
            case .add: effect = .add(value)
            case nil:
                let number = UInt64(widening: boostEffects[index])
                throw .invalidArgument(.unknownValue(field: .boostEffect, value: number))
            }
            try Self.check { () throws(RuleFailure) in try effect.check(index) }
            let filter = String(decoding: boostFilters[index], as: UTF8.self)
            rules.boosts.append(BoostRule(where: filter, effect))
        }
    }
}

/// The effects of boosts on the wire.
private enum WireEffect: UInt8 {
    case multiply = 1
    case add = 2
}

extension ByteWriter {
    /// Appends boosts, caps, diversity and the offset. Defaults are not sent.
    mutating func appendRank(_ rules: RecommendRules) {
        typealias Tag = RankSections.Tag
        if !rules.boosts.isEmpty {
            appendTexts(TextList(rules.boosts.map(\.filter)), tag: Tag.boostFilters, critical: true)
            appendSection(
                rules.boosts.map(\.effect.wireEffect.rawValue), tag: Tag.boostEffects, critical: true)
            appendSection(rules.boosts.map(\.effect.value), tag: Tag.boostValues, critical: true)
        }
        if !rules.caps.isEmpty {
            appendTexts(TextList(rules.caps.map(\.column)), tag: Tag.capColumns, critical: true)
            appendSection(rules.caps.map(\.countMax), tag: Tag.capCounts, critical: true)
        }
        if rules.offset != 0 { appendSection([rules.offset], tag: Tag.offset, critical: true) }
        if let diversity = rules.diversity {
            if let pool = diversity.pool { appendSection([pool], tag: Tag.pool, critical: true) }
            appendSection([diversity.weight], tag: Tag.diversity, critical: true)
        }
        if !rules.queryFilters.isEmpty {
            appendTexts(TextList(rules.queryFilters), tag: Tag.queryFilters, critical: true)
        }
    }
}

extension BoostEffect {
    fileprivate var wireEffect: WireEffect {
        switch self {
        case .multiply: .multiply
        case .add: .add
        }
    }

    fileprivate var value: Double {
        switch self {
        case .multiply(let value), .add(let value): value
        }
    }
}
