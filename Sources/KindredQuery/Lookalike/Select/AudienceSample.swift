import KindredDomain
import KindredKernels
import KindredModel
import KindredSystem

/// Finds a threshold that about the wanted rows reach, by the codes of blocks spread evenly over the table; in
/// steps.
///
/// Scores of the sample are those of the codes, so the threshold is an estimate: what it lets through is exact, how
/// many rows that is, is not.
final class AudienceSample {
    /// What a sample says.
    struct Finding {
        /// At least the wanted rows score this, but for bad luck.
        var threshold: Float
        /// The share of all rows that a scan of codes is expected to keep.
        var candidateShare: Double
    }

    private enum Phase {
        case read
        case sort(AudienceSort)
        /// Looking for the threshold among the sorted scores.
        case descend(AudienceSort)
        /// Counting what a scan would keep.
        case count(threshold: Float)
    }

    private let query: AudienceQuery
    private let goal: AudienceGoal
    private let excluded: Bitmap?
    private let deviations: Double
    private let code: AudienceCode
    private let blockCount: Int
    /// Room for the keys of all rows that are looked at: their scores and where they are in the sample.
    private var memory: MemoryRegion
    private var keyCount = 0
    private var bestKey = UInt64.max
    private var worstKey = UInt64.min
    private let hits: UnsafeMutablePointer<CodeHit>
    /// Per block of the sample: how far its scores may be off, and how many of them are above the threshold.
    private let margins: UnsafeMutablePointer<Float>
    private let counts: UnsafeMutablePointer<Int>
    private var phase = Phase.read
    /// Rows of the sample, excluded ones too.
    private var rowCount = 0
    /// Blocks read, scores descended or counted.
    private var position = 0
    /// The sum of the squares of `counts`.
    private var squareSum = 0
    private var keptCount = 0

    /// Of the blocks, at most one in this many is looked at: a sample is to cost little beside a scan.
    private static let blocksPerSampledMin = 8
    private static let blocksMax = 2_048

    init(_ query: AudienceQuery, goal: AudienceGoal, excluded: Bitmap?, rule: AudienceRule)
        throws(MemoryFailure)
    {
        self.query = query
        self.goal = goal
        self.excluded = excluded
        deviations = rule.deviations
        code = AudienceCode(query, threshold: -.infinity)
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
        case .sort(let sort), .descend(let sort): sort.byteCount
        case .read, .count: memory.byteCount
        }
    }

    /// Looks at about `rowCount` rows. The finding once it is there.
    func step(rowCount: Int) throws(MemoryFailure) -> Finding? {
        switch phase {
        case .read: try read(blockCount: max(1, rowCount / 64))
        case .sort(let sort):
            switch sort.step() {
            case .working: break
            // A sample is too small to be shared.
            case .scanning(let work): _ = work.work()
            case .sorted: phase = .descend(sort)
            }
        case .descend(let sort): descend(sort, rowCount: rowCount)
        case .count(let threshold): return count(above: threshold, rowCount: rowCount)
        }
        return nil
    }

    private func read(blockCount wanted: Int) throws(MemoryFailure) {
        let codes = query.side.codes
        let end = min(position + wanted, blockCount)
        let keys = memory.mutableBytes.bindMemory(to: UInt64.self)
        for sampled in position..<end {
            // The middle one of as many stretches: blocks descend by norm, so a first one would stand for less.
            let block = (2 * sampled + 1) * codes.blockCount / (2 * blockCount)
            let estimate = code.estimate(block: block)
            margins[sampled] = Float(estimate.margin)
            let hitCount = code.scan(block..<block + 1, into: hits)
            rowCount += hitCount
            for index in 0..<hitCount {
                let place = Int(hits[index].position)
                if let excluded, excluded[Int(codes.rows[place])] { continue }
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
        switch goal {
        case .best:
            let keys = AudienceKeys(
                memory: memory, count: keyCount, best: RankingKey(rawValue: bestKey),
                minimumScore: RankingKey(rawValue: worstKey).score)
            phase = .sort(try AudienceSort(keys))
        case .scoring(atLeast: let score): phase = .count(threshold: score)
        }
    }

    /// Takes scores in descending order until enough are surely above.
    ///
    /// With c rows of the sample above a threshold, c x rows / sampled rows are expected above it in the table. The
    /// sample is one of whole blocks, whose rows may be alike, so the variance of c is that of a sum over blocks.
    private func descend(_ sort: AudienceSort, rowCount: Int) {
        guard case .best(let wanted) = goal else { return }
        let share = Double(self.rowCount) / Double(query.side.table.count)
        let sorted = sort.keys
        for index in position..<min(position + rowCount, sorted.count) {
            let key = RankingKey(rawValue: sorted[index])
            let sampled = Int(key.row) / CodeEncoder.blockRows
            squareSum += 2 * counts[sampled] + 1
            counts[sampled] += 1
            let found = Double(index + 1)
            let variance = max(0, Double(squareSum) - found * found / Double(blockCount))
            guard found - deviations * variance.squareRoot() >= Double(wanted) * share else { continue }
            // Where many rows score alike, the estimate of one may be above them all: the row's own score is not.
            let codes = query.side.codes
            let block = (2 * sampled + 1) * codes.blockCount / (2 * blockCount)
            let row = codes.rows[block * CodeEncoder.blockRows + Int(key.row) % CodeEncoder.blockRows]
            startCount(above: min(key.score, query.score(ofRow: row)), of: sort)
            return
        }
        position = min(position + rowCount, sorted.count)
        // Nearly everybody is wanted.
        if position == sorted.count { startCount(above: -.infinity, of: sort) }
    }

    private func startCount(above threshold: Float, of sort: AudienceSort) {
        position = 0
        // The sorted keys lie in this memory or in the other one's.
        memory = sort.memory
        phase = .count(threshold: threshold)
    }

    private func count(above threshold: Float, rowCount: Int) -> Finding? {
        let entries = memory.bytes.bindMemory(to: UInt64.self).prefix(keyCount)
        let end = min(position + rowCount, entries.count)
        var kept = 0
        for index in position..<end {
            let key = RankingKey(rawValue: entries[index])
            kept += key.score + margins[Int(key.row) / CodeEncoder.blockRows] >= threshold ? 1 : 0
        }
        keptCount += kept
        position = end
        guard position == entries.count else { return nil }
        return Finding(threshold: threshold, candidateShare: Double(keptCount) / Double(self.rowCount))
    }
}
