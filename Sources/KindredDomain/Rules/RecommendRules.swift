/// The rules of a RECOMMEND beside exclusions, candidates and minimum scores. The default value changes nothing.
///
/// They apply in this order: filter, boosts, order, caps, diversity, offset.
package struct RecommendRules: Sendable, Equatable {
    /// The text of the filter that rows must pass; nil: all rows pass.
    package var filter: String?
    /// The text of a filter for each query, in place of `filter`; an empty text: all rows pass. Empty: none.
    package var queryFilters: [String] = []
    /// At most `Limits.boostsMax`, applied in their order.
    package var boosts: [BoostRule] = []
    /// The values of the names in the filters, also in those of the boosts.
    package var parameters: [FilterParameter] = []
    /// At most `Limits.capsMax`.
    package var caps: [GroupCap] = []
    /// Nil: the order of scores.
    package var diversity: Diversity?
    /// Rows of the list before the first result.
    package var offset: UInt32 = 0
    /// True: items that the query's user has seen are not in the answer.
    package var excludesSeen = false
    /// True: each result names the nearest of the query's own items.
    package var wantsBecause = false
    /// True: a row that a query of the request returns is not eligible for the queries after it.
    package var isDistinct = false

    package init() {}
}

/// A change of the scores of the rows that pass a filter.
public struct BoostRule: Sendable, Hashable {
    /// The text of the filter.
    public var filter: String
    /// What becomes of the score of a row that passes.
    public var effect: BoostEffect

    /// A change of the scores of the rows that pass `filter`.
    public init(where filter: String, _ effect: BoostEffect) {
        self.filter = filter
        self.effect = effect
    }
}

/// A bound on the results that have one value of a column in common.
public struct GroupCap: Sendable, Hashable {
    /// A column of the target's catalog, or a table of values.
    public var column: String
    /// At least 1.
    public var countMax: UInt32

    /// At most `countMax` results with the same value of `column`.
    public init(_ column: String, atMost countMax: UInt32) {
        self.column = column
        self.countMax = countMax
    }
}
