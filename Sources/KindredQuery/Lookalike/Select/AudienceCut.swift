import KindredDomain
import KindredSystem

/// Finds exactly which rows are in an audience, by counting scores: a histogram of their upper 16 bits, then one of the
/// lower 16 bits in the bucket where the audience ends. In steps of rows.
package final class AudienceCut {
    /// Rows that score above `threshold` are in, and the first `tieCount` rows that equal it: rows ascend, as ids do.
    package struct Result: Equatable {
        /// In the order of `RankingKey.ordered`.
        package var threshold: UInt32
        package var tieCount: Int
        /// Rows of the audience.
        package var rowCount: Int

        package init(threshold: UInt32, tieCount: Int, rowCount: Int) {
            self.threshold = threshold
            self.tieCount = tieCount
            self.rowCount = rowCount
        }
    }

    private enum Phase {
        case upper
        case lower(bucket: Int, above: Int)
        case countAtLeast(UInt32)
        case done(Result)
    }

    private let scores: UnsafeBufferPointer<Float>
    /// Rows that must not be in.
    private let excluded: Bitmap?
    private let wanted: Int
    private var histogram: [Int]
    private var phase: Phase
    private var row = 0

    /// Cuts at the goal among the rows that are not excluded. `scores` has the score of every row, must outlive the cut
    /// and has at least as many eligible rows as the goal wants.
    package init(scores: UnsafeBufferPointer<Float>, excluded: Bitmap?, goal: AudienceGoal) {
        self.scores = scores
        self.excluded = excluded
        switch goal {
        case .best(let count):
            wanted = count
            histogram = Array(repeating: 0, count: 1 << 16)
            phase = count == 0 ? .done(Result(threshold: .max, tieCount: 0, rowCount: 0)) : .upper
        case .scoring(atLeast: let minimumScore):
            wanted = 0
            histogram = [0]
            phase = .countAtLeast(RankingKey.ordered(minimumScore + 0))
        }
    }

    /// Looks at `rowCount` rows.
    package func step(rowCount: Int) -> Step<Result> {
        if case .done(let result) = phase { return .done(result) }
        let end = min(row + rowCount, scores.count)
        let rows = row..<end
        histogram.withUnsafeMutableBufferPointer { histogram in
            switch phase {
            case .upper: forEach(rows) { histogram[Int($0 >> 16)] += 1 }
            case .lower(let bucket, _):
                forEach(rows) { ordered in
                    if Int(ordered >> 16) == bucket { histogram[Int(ordered & 0xFFFF)] += 1 }
                }
            case .countAtLeast(let threshold): forEach(rows) { if $0 >= threshold { histogram[0] += 1 } }
            case .done: break
            }
        }
        row = end
        if row == scores.count { finishPass() }
        if case .done(let result) = phase { return .done(result) }
        return .working
    }

    /// Calls `body` with the score of every row that is not excluded.
    @inline(__always)
    private func forEach(_ rows: Range<Int>, _ body: (UInt32) -> Void) {
        guard let excluded else {
            for row in rows { body(RankingKey.ordered(scores[row])) }
            return
        }
        for row in rows where !excluded[row] { body(RankingKey.ordered(scores[row])) }
    }

    private func finishPass() {
        row = 0
        switch phase {
        case .upper:
            let (bucket, above) = bucketOfCut(above: 0)
            phase = .lower(bucket: bucket, above: above)
            histogram = Array(repeating: 0, count: 1 << 16)
        case .lower(let upper, let above):
            let (lower, certain) = bucketOfCut(above: above)
            phase = .done(
                Result(
                    threshold: UInt32(upper) << 16 | UInt32(lower), tieCount: wanted - certain,
                    rowCount: wanted))
        case .countAtLeast(let threshold):
            phase = .done(Result(threshold: threshold, tieCount: .max, rowCount: histogram[0]))
        case .done: break
        }
    }

    /// The greatest bucket that has, with the buckets above it, at least `wanted` rows, and the rows above the bucket.
    private func bucketOfCut(above start: Int) -> (bucket: Int, above: Int) {
        var above = start
        var bucket = histogram.count - 1
        while bucket > 0, above + histogram[bucket] < wanted {
            above += histogram[bucket]
            bucket -= 1
        }
        return (bucket, above)
    }
}

/// Collects the keys of the rows that a cut lets in, in steps of rows.
final class KeyCollector {
    private let cut: AudienceCut.Result
    private let scores: UnsafeBufferPointer<Float>
    private let excluded: Bitmap?
    private let memory: MemoryRegion
    private var count = 0
    private var best = UInt64.max
    private var tiesLeft: Int
    private var row = 0

    /// `scores` and `excluded` are those of the cut; `scores` must outlive the collector.
    init(
        _ cut: AudienceCut.Result, scores: UnsafeBufferPointer<Float>, excluded: Bitmap?
    ) throws(MemoryFailure) {
        self.cut = cut
        self.scores = scores
        self.excluded = excluded
        tiesLeft = cut.tieCount
        memory = try MemoryRegion(byteCount: cut.rowCount * MemoryLayout<UInt64>.stride)
    }

    /// Looks at `rowCount` rows.
    func step(rowCount: Int) -> Step<AudienceKeys> {
        let end = min(row + rowCount, scores.count)
        let keys = memory.mutableBytes.bindMemory(to: UInt64.self)
        // Copies, because members of an object are guarded anew at every access.
        let (cut, scores, excluded) = (cut, scores, excluded)
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
        guard row == scores.count else { return .working }
        return .done(
            AudienceKeys(
                memory: memory, count: count, best: RankingKey(rawValue: best),
                minimumScore: RankingKey.score(ordered: cut.threshold)))
    }

    var byteCount: Int { memory.byteCount }
}
