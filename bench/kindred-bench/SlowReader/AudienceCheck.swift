import KindredClient

/// Checks an audience row by row against the brute force.
struct AudienceCheck {
    private let model: AudienceModel
    private var isSeen: [Bool]
    private var last: (score: Float, row: Int)?
    private(set) var rows = 0
    /// Ids that are unknown, a seed's or repeated.
    private(set) var unexpectedIDs = 0
    /// Scores whose bits differ from the brute force.
    private(set) var wrongScores = 0
    /// Rows that belong before their predecessor.
    private(set) var outOfOrder = 0

    init(model: AudienceModel) {
        self.model = model
        isSeen = [Bool](repeating: false, count: model.userCount)
        for row in model.seedRows { isSeen[row] = true }
    }

    mutating func take(_ chunk: AudienceStream.Chunk) {
        for (id, score) in zip(chunk.ids, chunk.scores) {
            rows += 1
            guard let row = model.row(of: id), !isSeen[row] else {
                unexpectedIDs += 1
                continue
            }
            isSeen[row] = true
            if score.bitPattern != model.scores[row].bitPattern { wrongScores += 1 }
            if let last, score > last.score || (score == last.score && row < last.row) { outOfOrder += 1 }
            last = (score, row)
        }
    }

    /// The number of users without the seeds.
    var rowsWanted: Int { model.userCount - model.seedRows.count }
}
