import KindredClient

/// Follows an audience row by row and counts what is not as the brute force says.
struct AudienceCheck {
    private let model: AudienceModel
    private var isSeen: [Bool]
    private var last: (score: Float, row: Int)?
    private(set) var rows = 0
    /// Ids that are no user's, a seed's, or came twice.
    private(set) var strangers = 0
    /// Scores with other bits than the brute force's.
    private(set) var wrongScores = 0
    /// Rows that should have come before the one before them.
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
                strangers += 1
                continue
            }
            isSeen[row] = true
            if score.bitPattern != model.scores[row].bitPattern { wrongScores += 1 }
            if let last, score > last.score || (score == last.score && row < last.row) { outOfOrder += 1 }
            last = (score, row)
        }
    }

    /// Everybody but the seeds.
    var rowsWanted: Int { model.userCount - model.seedRows.count }
}
