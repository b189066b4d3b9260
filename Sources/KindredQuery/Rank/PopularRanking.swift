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
    /// The positions of the eligible rows, once they are gathered; nil where the whole order is looked at.
    private var positions: [UInt32]?
    /// Places of the order, or of `positions`, that were looked at.
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

    /// Rows of a list that are sorted in one step, at most.
    private static let gatheredMax = 1 << 14
    /// Rows of the order that are looked at in the time of gathering and sorting one row of a list.
    private static let looksPerGathered = 16

    /// The list of the eligible rows where it is shorter than the way through the order.
    private var gatheredList: RowSet? {
        guard let list = eligibility.list, list.count <= Self.gatheredMax,
            list.count * Self.looksPerGathered < popularity.count
        else { return nil }
        return list
    }

    /// Looks at about `budget` rows. True once the window is full or no row is left. `returned`: rows that earlier
    /// queries of the request return, where none may come twice.
    mutating func step(_ budget: inout Int, returned: RowSet?) -> Bool {
        if positions == nil, next == 0, let list = gatheredList {
            positions = list.rows.map { popularity.positions[Int($0)] }.sorted()
            budget -= Self.looksPerGathered * list.count
        }
        let end = positions?.count ?? popularity.count
        while taken < stage.window.upperBound, next < end {
            guard budget > 0 else { return false }
            budget -= 1
            let position = positions.map { Int($0[next]) } ?? next
            let row = popularity.rows[position]
            let score = popularity.scores[position]
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
