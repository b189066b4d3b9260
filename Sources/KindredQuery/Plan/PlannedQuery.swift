/// One query, ready to scan: everything in rows and vectors, nothing external.
package struct PlannedQuery: Sendable {
    /// How the rows are found.
    package enum Path: Sendable {
        /// Every row, in tiles, by BLAS with canonical rescoring.
        case blas
        /// Every row's codes, in blocks of descending norm, with canonical rescoring.
        case int8
        /// The rows of the eligible list alone, each once, by canonical score.
        case gather
    }

    package var ranking: RankingVector
    /// Rows that the scan finds, at least 1. The rank stage decides how many of them are returned.
    package var fetchCount: Int
    /// Inclusive, of the boosted score; minus infinity where there is none.
    package var minimumScore: Float
    package var eligibility: Eligibility
    /// Nil where the canonical score is the score.
    package var boosts: RowBoosts?
    package var path: Path

    /// A query that takes a path: `.gather` where the eligible rows are a list, and only there.
    package init(
        ranking: RankingVector, fetchCount: Int, minimumScore: Float = -.infinity, eligibility: Eligibility,
        boosts: RowBoosts? = nil, path: Path = .blas
    ) {
        let isGathered = if case .gather = path { true } else { false }
        precondition(isGathered == (eligibility.list != nil), "a list is gathered, and nothing else is")
        self.ranking = ranking
        self.fetchCount = fetchCount
        self.minimumScore = minimumScore
        self.eligibility = eligibility
        self.boosts = boosts
        self.path = path
    }
}
