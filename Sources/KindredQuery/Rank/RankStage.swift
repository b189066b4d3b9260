/// The stage between scan and answer: which of the rows that a scan found are returned, and in which order.
///
/// A query's scan finds `fetchCount` rows, and `k` of them are returned.
package struct RankStage: Sendable {
    /// Rows returned for each query, at least 1.
    package let k: Int

    package init(k: Int) { self.k = k }

    /// Rows that the scan of a query has to find so that k can be returned.
    package var fetchCount: Int { k }

    /// Appends the rows that are returned for a query, best first, and their scores where `wantsScores`.
    package func append(
        _ found: consuming TopRows, to rows: inout [UInt32], scores: inout [Float], wantsScores: Bool
    ) {
        found.finish(first: k) { rows.append($0.row) }
        if wantsScores { found.finish(first: k) { scores.append($0.score) } }
    }
}
