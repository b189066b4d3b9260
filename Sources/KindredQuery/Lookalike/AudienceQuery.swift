/// What an audience is ranked by: one vector that every user is compared with.
struct AudienceQuery: Sendable {
    let side: GenerationSide
    let ranking: RankingVector

    /// The canonical score of a row, given its canonical sum with the vector.
    @inline(__always)
    func score(sum: Double, row: Int) -> Float { ranking.score(sum: sum, row: row, of: side.table) }

    /// The canonical score of one row.
    func score(ofRow row: UInt32) -> Float { ranking.score(ofRow: row, of: side.table) }
}
