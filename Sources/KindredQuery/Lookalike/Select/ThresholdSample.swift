import KindredDomain
import KindredKernels
import KindredModel
import KindredSystem

/// Estimates a threshold that about as many rows reach as are wanted, from the codes of blocks that are spread evenly
/// over the table. In steps.
///
/// The number of rows that reach the threshold is an estimate. The selection stays exact, because every row that
/// reaches the threshold is found afterwards.
final class ThresholdSample {
    struct Finding {
        /// A score that at least the wanted number of rows reach, with high probability.
        var threshold: Float
        /// The share of all rows that a scan of codes is expected to keep.
        var candidateShare: Double
    }

    private enum Phase {
        case read
        case sort(AudienceSort)
        /// Looks for the threshold among the sorted scores.
        case descend(SortedKeys)
        /// Counts the rows that a scan would keep.
        case count(threshold: Float)
    }

    private let query: AudienceQuery
    private let deviations: Double
    private let code: Int8AudienceQuery
    private let blockCount: Int
    /// Room for the keys of all rows of the sample. A key has the estimated score and the row's place in the sample.
    private var memory: MemoryRegion
    private var keyCount = 0
    private var bestKey = UInt64.max
    private var worstKey = UInt64.min
    private let hits: UnsafeMutablePointer<CodeHit>
    /// By block of the sample: the margin of its estimates, and its rows above the threshold.
    private let margins: UnsafeMutablePointer<Float>
    private let counts: UnsafeMutablePointer<Int>
    private var phase = Phase.read
    /// Rows of the sample, excluded rows too.
    private var rowCount = 0
    /// Blocks read, or scores looked at, in this phase.
    private var position = 0
    /// The sum of the squares of `counts`.
    private var squareSum = 0
    private var keptCount = 0

    /// Blocks of the table per block of the sample, at least, so that a sample costs little beside a scan.
    private static let blocksPerSampledMin = 8
    private static let blocksMax = 2_048

    init(_ query: AudienceQuery, rule: SelectionRule) throws(MemoryFailure) {
        self.query = query
        deviations = rule.deviations
        code = Int8AudienceQuery(query, threshold: -.infinity)
        let affordable =
            rule.sampleByteCountMax / CodeEncoder.blockByteCount(dimension: query.side.table.dimension)
        let codes = query.side.codes
        blockCount = max(1, min(affordable, Self.blocksMax, codes.blockCount / Self.blocksPerSampledMin))
        memory = try MemoryRegion(
            byteCount: blockCount * CodeEncoder.blockRows * MemoryLayout<UInt64>.stride)
        hits = .allocate(capacity: CodeEncoder.blockRows)
        margins = .allocate(capacity: blockCount)
        counts = .allocate(capacity: blockCount)
        counts.initialize(repeating: 0, count: blockCount)
    }

    deinit {
        hits.deallocate()
        margins.deallocate()
        counts.deallocate()
    }

    var byteCount: Int {
        switch phase {
        case .sort(let sort): sort.byteCount
        case .descend(let sorted): sorted.byteCount
        case .read, .count: memory.byteCount
        }
    }

    /// Looks at about `rowCount` rows.
    func step(rowCount: Int) throws(MemoryFailure) -> Step<Finding> {
        switch phase {
        case .read: try read(blockCount: max(1, rowCount / 64))
        // A sample is too small to be shared between threads.
        case .sort(let sort): return sort.stepAlone().then { phase = .descend($0) }
        case .descend(let sorted): descend(sorted, rowCount: rowCount)
        case .count(let threshold): return count(above: threshold, rowCount: rowCount)
        }
        return .working
    }

    private func read(blockCount wanted: Int) throws(MemoryFailure) {
        let codes = query.side.codes
        let end = min(position + wanted, blockCount)
        let keys = memory.mutableBytes.bindMemory(to: UInt64.self)
        for sampled in position..<end {
            // The middle block of each stretch: blocks descend by norm, so the first one would not be typical.
            let block = (2 * sampled + 1) * codes.blockCount / (2 * blockCount)
            let estimate = code.estimate(block: block)
            margins[sampled] = Float(estimate.margin)
            let hitCount = code.scan(block..<block + 1, into: hits)
            rowCount += hitCount
            for index in 0..<hitCount {
                let place = Int(hits[index].position)
                if let excluded = query.excluded, excluded[Int(codes.rows[place])] { continue }
                // Adding 0 makes a negative zero positive, which keys ask for.
                let score = Float(estimate.unit * Double(hits[index].product)) + 0
                let entry = sampled * CodeEncoder.blockRows + place % CodeEncoder.blockRows
                let key = RankingKey(score: score, row: UInt32(truncatingIfNeeded: entry)).rawValue
                keys[keyCount] = key
                keyCount += 1
                (bestKey, worstKey) = (min(bestKey, key), max(worstKey, key))
            }
        }
        position = end
        guard position == blockCount else { return }
        position = 0
        switch query.goal {
        case .best:
            let keys = AudienceKeys(
                memory: memory, count: keyCount, best: RankingKey(rawValue: bestKey),
                minimumScore: RankingKey(rawValue: worstKey).score)
            phase = .sort(try AudienceSort(keys))
        case .scoring(atLeast: let score): phase = .count(threshold: score)
        }
    }

    /// Takes scores in descending order until enough rows are expected above.
    ///
    /// With c rows of the sample above a threshold, c x rows / sampled rows are expected above it in the table. The
    /// sample is one of whole blocks, whose rows may be alike, so the variance of c is that of a sum over blocks.
    private func descend(_ sorted: SortedKeys, rowCount: Int) {
        guard case .best(let wanted) = query.goal else { return }
        let share = Double(self.rowCount) / Double(query.side.table.count)
        let keys = sorted.keys
        for index in position..<min(position + rowCount, keys.count) {
            let key = RankingKey(rawValue: keys[index])
            let sampled = Int(key.row) / CodeEncoder.blockRows
            squareSum += 2 * counts[sampled] + 1
            counts[sampled] += 1
            let found = Double(index + 1)
            let variance = max(0, Double(squareSum) - found * found / Double(blockCount))
            guard found - deviations * variance.squareRoot() >= Double(wanted) * share else { continue }
            // Where many rows score alike, the estimate of one of them may be above all. Its canonical score is not.
            let codes = query.side.codes
            let block = (2 * sampled + 1) * codes.blockCount / (2 * blockCount)
            let row = codes.rows[block * CodeEncoder.blockRows + Int(key.row) % CodeEncoder.blockRows]
            startCount(above: min(key.score, query.score(ofRow: row)), of: sorted)
            return
        }
        position = min(position + rowCount, keys.count)
        // Nearly all rows are wanted.
        if position == keys.count { startCount(above: -.infinity, of: sorted) }
    }

    private func startCount(above threshold: Float, of sorted: SortedKeys) {
        position = 0
        memory = sorted.memory
        phase = .count(threshold: threshold)
    }

    private func count(above threshold: Float, rowCount: Int) -> Step<Finding> {
        let entries = memory.bytes.bindMemory(to: UInt64.self).prefix(keyCount)
        let end = min(position + rowCount, entries.count)
        var kept = 0
        for index in position..<end {
            let key = RankingKey(rawValue: entries[index])
            kept += key.score + margins[Int(key.row) / CodeEncoder.blockRows] >= threshold ? 1 : 0
        }
        keptCount += kept
        position = end
        guard position == entries.count else { return .working }
        return .done(
            Finding(threshold: threshold, candidateShare: Double(keptCount) / Double(self.rowCount)))
    }
}
