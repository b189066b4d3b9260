import KindredDomain
import KindredTerminal

/// A rule of RECOMMEND that `engine --rules` measures against the query without rules.
enum EngineRule: Hashable, Sendable {
    case plain
    case seen
    /// At most 2 of a brand; all brands are equally frequent.
    case cap
    /// At most 2 of a maker; a few makers have most of the rows.
    case skewedCap
    case boosts
    /// No rule, and as many results as the pool of diversity: what the pool alone costs.
    case poolAlone
    case diversity
    case foldIn
    /// A filter that was seen before and keeps so many rows of 1,000.
    case filter(perMille: Int)
    /// A filter of three comparisons that was seen before.
    case comparisons
    /// The same filter with a value that no request has had.
    case newComparisons
    case offset
    case distinct
    case because
    case fallback
    /// Filter, boosts, cap, diversity, offset, distinct, seen and because in one request.
    case all

    /// In the order of the table.
    static let measured: [EngineRule] =
        [
            .plain, .seen, .cap, .skewedCap, .boosts, .poolAlone, .diversity, .foldIn, .filter(perMille: 500),
            .filter(perMille: 100), .filter(perMille: 10), .filter(perMille: 1), .comparisons,
            .newComparisons,
            .offset, .distinct, .because, .fallback, .all,
        ]

    var name: String {
        switch self {
        case .plain: "no rule"
        case .seen: "exclude seen, \(RulesModel.seenCount) items each"
        case .cap: "at most \(Self.capMax) of each of \(Int(RuleAttributes.brandCount).groupedDigits) brands"
        case .skewedCap: "the same over brands of unlike frequency"
        case .boosts: "two boosts"
        case .poolAlone: "no rule, \(Self.pool) results"
        case .diversity: "diversity, pool of \(Self.pool)"
        case .foldIn: "fold-in of \(RulesModel.clickCount) clicks"
        case .filter(let perMille): "filter keeps \((Double(perMille) / 1_000).percent)"
        case .comparisons: "filter of three comparisons"
        case .newComparisons: "the same, seen for the first time"
        case .offset: "offset \(Self.offsetRows)"
        case .distinct: "distinct"
        case .because: "because"
        case .fallback: "popular rows for unknown users"
        case .all: "all at once"
        }
    }

    static let k = 10
    static let capMax = 2
    static let pool = 100
    static let diversityWeight = 0.3
    static let offsetRows = 20
    static let comparisonsBrand: UInt32 = 17
    static let comparisonsPrice = 2.5
    /// No share lies between this and the next whole number, so that a further value changes no row.
    static let comparisonsShare = 700.25
    static let boosted = (season: 2, factor: 1.2, stockBelow: 5, term: 0.02)

    /// The least share of the throughput without rules that is wanted; nil where the share is only shown.
    func goal(_ kind: VectorKind, rows: Int, batch: Int) -> Double? {
        if case .filter = self { return kind == .flat && rows >= 1_000_000 ? 0.9 : nil }
        guard kind == .shipped, rows == 10_000 || rows == 100_000, batch == 32 else { return nil }
        switch self {
        case .seen: return 0.9
        case .cap, .foldIn: return 0.7
        case .boosts: return 0.5
        case .diversity: return 0.4
        default: return nil
        }
    }

    /// Results of a query.
    var resultCount: Int { self == .poolAlone ? Self.pool : Self.k }

    /// A request of some users, or of some visitors. `number`: a value that no earlier request has had.
    func request(_ queries: Range<Int>, of model: RulesModel, number: Int) -> RecommendRequest {
        var request = RecommendRequest(
            scope: QueryScope(queries: batch(queries, of: model), target: .items), k: UInt32(resultCount))
        if self == .fallback { request.scope.unknownIDs = .fallback }
        request.rules = rules(number)
        return request
    }

    private func batch(_ queries: Range<Int>, of model: RulesModel) -> QueryBatch {
        switch self {
        case .foldIn:
            let lists = queries.map { model.clicks[$0] }
            var offsets: [UInt32] = [0]
            for list in lists { offsets.append(offsets[offsets.count - 1] + UInt32(list.count)) }
            guard
                let members = RaggedIDs(
                    ids: .numbers(lists.flatMap { $0.map { UInt64($0) } }), offsets: offsets),
                let visitors = WeightedLists(members: members, weights: nil)
            else { preconditionFailure("one list for each visitor") }
            return .foldIns(visitors)
        case .fallback: return .users(.numbers(queries.map { UInt64(RulesModel.userCount + $0) }))
        default: return .users(.numbers(queries.map { UInt64($0) }))
        }
    }

    private func rules(_ number: Int) -> RecommendRules? {
        var rules = RecommendRules()
        switch self {
        case .plain, .poolAlone, .foldIn, .fallback: return nil
        case .seen: rules.excludesSeen = true
        case .cap: rules.caps = [GroupCap("brand", atMost: UInt32(Self.capMax))]
        case .skewedCap: rules.caps = [GroupCap("maker", atMost: UInt32(Self.capMax))]
        case .boosts: rules.boosts = Self.boostRules
        case .diversity: rules.diversity = Diversity(weight: Self.diversityWeight, pool: UInt32(Self.pool))
        case .filter(let perMille): rules.filter = "share < \(perMille)"
        case .comparisons, .newComparisons:
            rules.filter =
                "share < :most AND price >= \(Self.comparisonsPrice) "
                + "AND brand <> '\(RuleAttributes.name(Self.comparisonsBrand))'"
            let shift = self == .newComparisons ? Double(number + 1) * 0x1p-32 : 0
            rules.parameters = [FilterParameter("most", .real(Self.comparisonsShare + shift))]
        case .offset: rules.offset = UInt32(Self.offsetRows)
        case .distinct: rules.isDistinct = true
        case .because: rules.wantsBecause = true
        case .all:
            rules.filter = "share < 500"
            rules.boosts = Self.boostRules
            rules.caps = [GroupCap("brand", atMost: UInt32(Self.capMax))]
            rules.diversity = Diversity(weight: Self.diversityWeight, pool: UInt32(Self.pool))
            rules.offset = UInt32(Self.offsetRows)
            rules.excludesSeen = true
            rules.wantsBecause = true
            rules.isDistinct = true
        }
        return rules
    }

    private static var boostRules: [BoostRule] {
        [
            BoostRule(where: "season = \(boosted.season)", .multiply(boosted.factor)),
            BoostRule(where: "stock < \(boosted.stockBelow)", .add(boosted.term)),
        ]
    }
}

extension EngineRule {
    /// Whether the answers of a query depend on those before it.
    var isDistinct: Bool { self == .distinct || self == .all }
}
