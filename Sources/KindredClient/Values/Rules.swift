public import KindredDomain

/// The rules of a recommendation. They apply in this order: filter, boosts, order, caps, diversity, offset. SPEC.md
/// 7.14 to 7.22 defines each.
///
/// ```swift
/// var options = RecommendOptions()
/// options.rules.filter = "category <> seed.category AND stock > 0"
/// options.rules.boosts = [BoostRule(where: "season = :now", .multiply(1.5))]
/// options.rules.parameters = ["now": "winter"]
/// options.rules.diversity = Diversity(weight: 0.3)
/// options.rules.excludesSeen = true
/// let answer = try await client.recommend(.user("17850"), k: 10, options: options)
/// ```
public struct Rules: Sendable {
    /// An expression in SQLite's language over the catalog of the target; nil: all rows pass.
    public var filter: String?
    /// A filter for each query of a batch, in place of `filter`; nil: all rows pass. Empty: none.
    public var queryFilters: [String?] = []
    /// The values of the names `:name` in the filters, also in those of the boosts.
    public var parameters: [String: AttributeValue] = [:]
    /// At most 8, applied in their order.
    public var boosts: [BoostRule] = []
    /// At most 4.
    public var caps: [GroupCap] = []
    /// Nil: the order of scores.
    public var diversity: Diversity?
    /// Rows of the list before the first result.
    public var offset = 0
    /// True: items that the query's user has seen are not in the answer.
    public var excludesSeen = false
    /// True: each result names the nearest of the query's own items.
    public var wantsBecause = false
    /// True: a row of one query's answer is in no later one of the same request.
    public var isDistinct = false

    /// No rules.
    public init() {}
}

extension Rules {
    /// Throws INVALID_ARGUMENT unless there is one filter for all queries, or one for each, or none.
    func checkFilters(queryCount: Int) throws(KindredError) {
        if queryFilters.isEmpty { return }
        guard queryFilters.count == queryCount else {
            throw KindredError(
                .invalidArgument, "\(queryFilters.count) filters for \(queryCount) queries: one for each")
        }
        guard filter == nil else {
            throw KindredError(.invalidArgument, "filter beside queryFilters: one of them")
        }
    }
}

/// The treatment of ids that the model does not have.
public enum UnknownIDs: Sendable {
    /// The query fails with UNKNOWN_ID.
    case strict
    /// Unknown members of a basket, blend or clicks are left out. A query of which nothing is left, or without
    /// members, has no results.
    case skip
    /// As `skip`, but such a query is answered with popular items.
    case fallback
}

extension UnknownIDs {
    var policy: UnknownIDPolicy {
        switch self {
        case .strict: .strict
        case .skip: .skip
        case .fallback: .fallback
        }
    }
}

extension RecommendRules {
    /// The rules on the wire; nil where they change nothing. Throws INVALID_ARGUMENT for an offset below 0.
    init?(_ rules: Rules) throws(KindredError) {
        guard rules.offset >= 0 else {
            throw KindredError(.invalidArgument, "offset \(rules.offset): at least 0")
        }
        self.init()
        filter = rules.filter
        queryFilters = rules.queryFilters.map { $0 ?? "" }
        boosts = rules.boosts
        parameters = FilterParameter.sorted(rules.parameters)
        caps = rules.caps
        diversity = rules.diversity
        offset = UInt32(clamping: rules.offset)
        excludesSeen = rules.excludesSeen
        wantsBecause = rules.wantsBecause
        isDistinct = rules.isDistinct
        if self == RecommendRules() { return nil }
    }
}

extension FilterParameter {
    /// The values by name, in ascending order of their names, so that the same call sends the same bytes.
    public static func sorted(_ values: [String: AttributeValue]) -> [FilterParameter] {
        values.sorted { $0.key < $1.key }.map { FilterParameter($0.key, $0.value) }
    }
}
