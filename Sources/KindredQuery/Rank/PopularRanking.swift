import KindredDomain

/// The most popular rows that one query may return, in steps: the answer to a query of which nothing is known.
///
/// Rows come in the order of popularity. Caps take them greedily, and the window is returned. Boosts, minimum scores
/// and diversity have no meaning for them.
struct PopularRanking {
    private let stage: RankStage
    private let popularity: Popularity
    let eligibility: Eligibility
    private var counts: CapCounts
    /// Places of the order that were looked at.
    private var next = 0
    private var taken = 0
    /// The rows of the window so far.
    private(set) var rows: [RankingKey] = []

    init(_ stage: RankStage, _ popularity: Popularity, _ eligibility: Eligibility) {
        self.stage = stage
        self.popularity = popularity
        self.eligibility = eligibility
        counts = CapCounts(stage.caps)
    }

    /// Looks at about `budget` rows. True once the window is full or no row is left. `returned`: rows that earlier
    /// queries of the request return, where none may come twice.
    mutating func step(_ budget: inout Int, returned: RowSet?) -> Bool {
        while taken < stage.window.upperBound, next < popularity.count {
            guard budget > 0 else { return false }
            budget -= 1
            let row = popularity.rows[next]
            let score = popularity.scores[next]
            next += 1
            guard eligibility.permits(listed: row), !(returned?.contains(row) ?? false), counts.take(row)
            else {
                continue
            }
            if taken >= stage.offset { rows.append(RankingKey(score: score, row: row)) }
            taken += 1
        }
        return true
    }
}
