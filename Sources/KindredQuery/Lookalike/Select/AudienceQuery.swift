import KindredDomain

/// Which users an expansion selects: how they rank, how many are wanted, and who is left out.
struct AudienceQuery: Sendable {
    let side: GenerationSide
    let ranking: RankingVector
    let goal: AudienceGoal
    /// Rows that must not be in the audience; nil where all may be.
    let excluded: Bitmap?

    /// The canonical score of a row, from its canonical sum with the vector.
    @inline(__always)
    func score(sum: Double, row: Int) -> Float { ranking.score(sum: sum, row: row, of: side.table) }

    /// The canonical score of one row.
    func score(ofRow row: UInt32) -> Float { ranking.score(ofRow: row, of: side.table) }
}

/// How many rows are wanted.
package enum AudienceGoal: Sendable {
    /// The best of the eligible rows; at most as many as there are.
    case best(Int)
    /// Every eligible row that scores at least this.
    case scoring(atLeast: Float)
}

/// The rows of an audience, before they are sorted.
struct SelectedKeys {
    let keys: AudienceKeys
    /// Of the keys, so many of the best ones are the audience.
    let count: Int
}
