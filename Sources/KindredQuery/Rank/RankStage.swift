import KindredDomain

/// The stage between scan and answer: which of the rows that a scan found are returned, and in which order.
///
/// Rows come in the order of their boosted scores. Caps take them greedily, diversity re-orders the best ones of those,
/// and the window is returned. A query's scan finds `fetchCount` rows. Where the rules need more, `RequestRanking` asks
/// for them.
package struct RankStage: Sendable {
    /// Rows returned for each query, at least 1.
    package let k: Int
    /// Rows before the first one that is returned.
    package let offset: Int
    package let caps: [CapRule]
    /// The weight of diversity, above 0 and at most 1; nil where the order stays.
    package let diversityWeight: Double?
    /// True where a row that a query returns is not eligible for later queries of the request.
    package let isDistinct: Bool
    /// Rows that the caps must let pass for each query: those up to the window's end, or the pool of diversity.
    package let wantedCount: Int

    /// The rows of the window, without further rules.
    package init(k: Int, offset: Int = 0) {
        self.k = k
        self.offset = offset
        caps = []
        diversityWeight = nil
        isDistinct = false
        wantedCount = offset + k
    }

    /// Checks the rules. `k` is at least 1.
    package init(
        k: Int, offset: Int, caps: [CapRule], diversity: Diversity? = nil, isDistinct: Bool = false,
        limits: Limits = .standard
    ) throws(RuleFailure) {
        let (end, overflows) = offset.addingReportingOverflow(k)
        guard !overflows, end <= limits.kMax else {
            throw .windowTooLarge(end: UInt64(offset) + UInt64(k), limit: Int(limits.kMax))
        }
        guard caps.count <= limits.capsMax else {
            throw .tooManyCaps(caps.count, limit: Int(limits.capsMax))
        }
        for (index, cap) in caps.enumerated() where cap.most < 1 { throw .capIsZero(cap: index) }
        let pool = try diversity?.poolSize(end: end, limits: limits)
        self.k = k
        self.offset = offset
        self.caps = caps
        self.isDistinct = isDistinct
        if let diversity, let pool, diversity.weight > 0 {
            diversityWeight = diversity.weight
            wantedCount = pool
        } else {
            diversityWeight = nil
            wantedCount = end
        }
    }

    /// True where the answer is a stretch of the rows in the order in which the scan found them.
    package var isPlain: Bool { caps.isEmpty && diversityWeight == nil && !isDistinct }

    /// The places of the rows that are returned.
    package var window: Range<Int> { offset..<offset + k }

    /// Rows that the scan of a query has to find so that k can usually be returned. `index` is the query's number in
    /// the request.
    package func fetchCount(ofQuery index: Int) -> Int { fetchCount(ofQuery: index, isCapped: !caps.isEmpty) }

    /// The same for a stage whose caps are not found yet.
    func fetchCount(ofQuery index: Int, isCapped: Bool) -> Int {
        var count = wantedCount
        if isCapped { count += count / Self.wantedPerSpare + Self.sparesMin }
        // Earlier queries of the request return some of the best rows.
        if isDistinct {
            count = max(count, min(count + min(index * k, Self.returnedMax * wantedCount), Self.sparesMax))
        }
        return count
    }

    /// Rows that the scan of the only query of a request has to find.
    package var fetchCount: Int { fetchCount(ofQuery: 0) }

    /// Rows beyond those wanted, where caps may refuse some: few, since each costs every query, and a further scan only
    /// those that need one.
    private static let sparesMin = 2
    private static let wantedPerSpare = 4
    /// Rows of one scan, at most, unless more are wanted: the selection of a scan sorts twice as many at once.
    static let sparesMax = 4_096
    /// Rows returned by earlier queries that a scan reckons with, per row wanted.
    private static let returnedMax = 4

    /// Appends the rows that are returned for a query without rules, best first, and their scores where `wantsScores`.
    package func append(
        _ found: consuming TopRows, to rows: inout [UInt32], scores: inout [Float], wantsScores: Bool
    ) {
        found.finish(window) { rows.append($0.row) }
        if wantsScores { found.finish(window) { scores.append($0.score) } }
    }
}
