import KindredDomain
import KindredKernels
import KindredSystem

/// The canonical scores of the marked rows, in units that any thread may take.
///
/// Rows ascend, so that memory is read in its order and keys come out in the order of rows.
final class CandidateRescore: SharedWork, @unchecked Sendable {
    private let query: AudienceQuery
    private let marks: CandidateMarks
    private let threshold: Float
    private let bounds: [Candidates.Unit]
    private let units: UnitCursor
    /// Room for a key of every marked row. A unit's keys begin at its offset; rows below the threshold have none.
    private let memory: MemoryRegion
    private let keyPointer: UnsafeMutablePointer<UInt64>
    /// By unit: its keys, and the best key of all its rows.
    private let keyCounts: UnsafeMutablePointer<Int>
    private let bestKeys: UnsafeMutablePointer<UInt64>

    /// There is at least one candidate.
    init(_ query: AudienceQuery, _ candidates: Candidates) throws(MemoryFailure) {
        precondition(candidates.count > 0)
        self.query = query
        marks = candidates.marks
        threshold = candidates.threshold
        bounds = candidates.units
        units = UnitCursor(count: bounds.count - 1)
        memory = try MemoryRegion(byteCount: candidates.count * MemoryLayout<UInt64>.stride)
        keyPointer = memory.mutableBytes.bindMemory(to: UInt64.self).baseAddress!
        keyCounts = .allocate(capacity: units.count)
        keyCounts.initialize(repeating: 0, count: units.count)
        bestKeys = .allocate(capacity: units.count)
        bestKeys.initialize(repeating: .max, count: units.count)
    }

    deinit {
        keyCounts.deallocate()
        bestKeys.deallocate()
    }

    func work(scratch: ScanScratch) -> Bool {
        guard let unit = units.take() else { return false }
        let rowCount = bounds[unit + 1].offset - bounds[unit].offset
        let rows = scratch.survivors.room(for: rowCount)
        let sums = scratch.sums.room(for: rowCount)
        list(unit, into: rows)
        let table = query.side.table
        query.ranking.vector.withElements { elements in
            Canonical.gather(
                query: elements, base: table.vectors, dimension: table.dimension,
                indices: UnsafeBufferPointer(start: rows, count: rowCount), into: sums)
        }
        let keys = keyPointer + bounds[unit].offset
        var keyCount = 0
        var best = UInt64.max
        for index in 0..<rowCount {
            let score = query.score(sum: sums[index], row: Int(rows[index]))
            // Every key is written and only some are counted, so there is no branch to predict. The next key
            // overwrites one that is not counted, and no key lies beyond the unit's own room.
            let key = RankingKey(score: score, row: rows[index]).rawValue
            keys[keyCount] = key
            best = min(best, key)
            keyCount += score >= threshold ? 1 : 0
        }
        keyCounts[unit] = keyCount
        bestKeys[unit] = best
        units.finish()
        return true
    }

    /// Lists the marked rows of a unit, as many as its offsets say.
    private func list(_ unit: Int, into rows: UnsafeMutablePointer<UInt32>) {
        var count = 0
        for word in bounds[unit].firstWord..<bounds[unit + 1].firstWord {
            var bits = marks[word: word]
            while bits != 0 {
                rows[count] = UInt32(truncatingIfNeeded: word << 6 + bits.trailingZeroBitCount)
                count += 1
                bits &= bits - 1
            }
        }
    }

    var isComplete: Bool { units.isComplete }

    var byteCount: Int { marks.byteCount + memory.byteCount }

    /// The keys of the rows that reach the threshold; only once complete.
    var keys: AudienceKeys {
        var best = UInt64.max
        var stretches: [Range<Int>] = []
        for unit in 0..<units.count where keyCounts[unit] > 0 {
            stretches.append(bounds[unit].offset..<bounds[unit].offset + keyCounts[unit])
            best = min(best, bestKeys[unit])
        }
        return AudienceKeys(
            memory: memory, stretches: stretches, best: RankingKey(rawValue: best), minimumScore: threshold)
    }
}
