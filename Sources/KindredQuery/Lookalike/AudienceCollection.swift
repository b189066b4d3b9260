import KindredDomain
import KindredSystem

/// Collects the keys of the rows that a cut lets in, in steps of rows.
final class AudienceCollection {
    private(set) var count = 0
    private let memory: MemoryRegion
    private var best = UInt64.max
    private let cut: AudienceCut.Result
    private var tiesLeft: Int
    private var row = 0

    init(_ cut: AudienceCut.Result) throws(MemoryFailure) {
        self.cut = cut
        tiesLeft = cut.tieCount
        memory = try MemoryRegion(byteCount: cut.rowCount * MemoryLayout<UInt64>.stride)
    }

    /// Looks at `rowCount` rows. True once all were looked at.
    func step(rowCount: Int, scores: UnsafeBufferPointer<Float>, excluded: Bitmap?) -> Bool {
        let end = min(row + rowCount, scores.count)
        let keys = memory.mutableBytes.bindMemory(to: UInt64.self)
        // Copies: members of an object are guarded anew at every access.
        let cut = cut
        var (count, best, tiesLeft) = (count, best, tiesLeft)
        for row in row..<end {
            let ordered = RankingKey.ordered(scores[row])
            guard ordered >= cut.threshold, count < cut.rowCount else { continue }
            if let excluded, excluded[row] { continue }
            if ordered == cut.threshold {
                guard tiesLeft > 0 else { continue }
                tiesLeft -= 1
            }
            let key = RankingKey(score: scores[row], row: UInt32(truncatingIfNeeded: row)).rawValue
            keys[count] = key
            best = min(best, key)
            count += 1
        }
        (self.count, self.best, self.tiesLeft) = (count, best, tiesLeft)
        row = end
        return row == scores.count
    }

    /// The keys that were collected.
    var keys: AudienceKeys {
        AudienceKeys(
            memory: memory, count: count, best: RankingKey(rawValue: best),
            minimumScore: RankingKey.score(ordered: cut.threshold))
    }

    var byteCount: Int { memory.byteCount }
}
