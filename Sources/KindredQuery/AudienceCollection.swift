import KindredDomain
import KindredKernels

/// Collects the keys of the rows that a cut lets in, in steps of rows.
final class AudienceCollection {
    let sort: AudienceSort
    private let cut: AudienceCut.Result
    private var tiesLeft: Int
    private var row = 0

    init(_ cut: AudienceCut.Result) throws(MemoryFailure) {
        self.cut = cut
        tiesLeft = cut.tieCount
        sort = try AudienceSort(
            capacity: cut.rowCount, minimumScore: RankingKey.score(ordered: cut.threshold))
    }

    /// Looks at `rowCount` rows. True once all were looked at.
    func step(rowCount: Int, scores: UnsafeBufferPointer<Float>, excluded: Bitmap?) -> Bool {
        let end = min(row + rowCount, scores.count)
        for row in row..<end {
            let ordered = RankingKey.ordered(scores[row])
            guard ordered >= cut.threshold, sort.count < cut.rowCount, !(excluded.map { $0[row] } ?? false)
            else { continue }
            if ordered == cut.threshold {
                guard tiesLeft > 0 else { continue }
                tiesLeft -= 1
            }
            sort.append(RankingKey(score: scores[row], row: UInt32(truncatingIfNeeded: row)).rawValue)
        }
        row = end
        guard row == scores.count else { return false }
        sort.endCollecting()
        return true
    }
}
