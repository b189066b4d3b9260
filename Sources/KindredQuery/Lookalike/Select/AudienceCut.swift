import KindredDomain

/// Which rows are in the audience, found exactly by counting scores: a histogram of their upper 16 bits, then
/// one of the lower 16 bits in the bucket where the cut falls. In steps of rows.
final class AudienceCut {
    /// Rows above `threshold` are in, and the first `tieCount` rows equal to it (rows ascend, as ids do).
    struct Result {
        /// In the order of `RankingKey.ordered`.
        var threshold: UInt32
        var tieCount: Int
        var rowCount: Int
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

    /// The rows of the goal, of those that are not excluded.
    init(scores: UnsafeBufferPointer<Float>, excluded: Bitmap?, goal: AudienceGoal) {
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

    /// Looks at `rowCount` rows; the result once all passes are over.
    func step(rowCount: Int) -> Result? {
        if case .done(let result) = phase { return result }
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
        if case .done(let result) = phase { return result }
        return nil
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

    /// The greatest bucket with `wanted` rows in it and the buckets above it, and how many are above.
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
