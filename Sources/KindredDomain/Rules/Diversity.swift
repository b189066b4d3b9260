/// Re-orders the best rows so that they are unlike each other: maximal marginal relevance (Carbonell and Goldstein,
/// SIGIR 1998).
public struct Diversity: Sendable, Hashable {
    /// The weight of unlikeness, 0 to 1: 0 leaves the list as it is.
    public var weight: Double
    /// Rows that are re-ordered, the best ones after caps. Nil: ten times `offset + k`, at most `Limits.poolMax`.
    public var pool: UInt32?

    /// A weight, and the rows that are re-ordered.
    public init(weight: Double, pool: UInt32? = nil) {
        self.weight = weight
        self.pool = pool
    }
}

extension Diversity {
    /// The default pool per row of the window.
    private static let rowsPerResult = 10

    /// Rows that are re-ordered for the rows up to `end` = offset + k. Throws where the weight is outside 0 to 1, or
    /// the pool is smaller than `end` or larger than the limit.
    package func poolSize(end: Int, limits: Limits) throws(RuleFailure) -> Int {
        guard weight >= 0, weight <= 1 else { throw .diversityOutOfRange(weight) }
        let limit = Int(limits.poolMax)
        guard end <= limit else { throw .poolTooLarge(UInt64(end), limit: limit) }
        guard let pool else { return min(Self.rowsPerResult * end, limit) }
        guard pool <= limit else { throw .poolTooLarge(UInt64(pool), limit: limit) }
        guard pool >= end else { throw .poolTooSmall(Int(pool), end: end) }
        return Int(pool)
    }
}
