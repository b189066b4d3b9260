import KindredDomain
import KindredModel

extension RecommendPlan {
    /// The reply for the plan's queries, given the best rows of each planned query and its rows scanned.
    ///
    /// `slots` are the request's queries to answer, so that a large reply can be built piece by piece.
    package func answer(
        slots range: Range<Int>, best: [[RankingKey]], rowsScanned: (Int) -> Int
    ) -> RecommendResponse {
        var outcomes: [QueryOutcome] = []
        outcomes.reserveCapacity(range.count)
        var offsets: [UInt32] = [0]
        offsets.reserveCapacity(range.count + 1)
        var rows: [UInt32] = []
        var scores: [Float] = []
        for slot in slots[range] {
            switch slot {
            case .failed(let failure): outcomes.append(QueryOutcome(failure: failure))
            case .planned(let index):
                outcomes.append(
                    QueryOutcome(
                        rowsEligible: UInt64(queries[index].rowsEligible),
                        rowsScanned: UInt64(rowsScanned(index))))
                for key in best[index] {
                    rows.append(key.row)
                    if wantsScores { scores.append(key.score) }
                }
            }
            offsets.append(UInt32(rows.count))
        }
        let table = generation.side(target)!.table
        return RecommendResponse(
            origin: AnswerOrigin(model: generation.name, version: generation.version), outcomes: outcomes,
            offsets: offsets, ids: table.ids.ids(ofRows: rows), scores: scores,
            columns: columns.map { $0.gather(rows) })
    }
}
