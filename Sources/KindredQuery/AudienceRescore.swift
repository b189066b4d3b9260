import KindredDomain
import KindredKernels

/// The canonical scores of marked rows, in units that any thread may take: rows ascend, so that memory is read in
/// its order, and keys come out in the order of rows.
final class AudienceRescore: AudienceWork, @unchecked Sendable {
    private let query: AudienceQuery
    private let marks: AudienceMarks
    let threshold: Float
    private let bounds: [AudienceCandidates.Unit]
    private let units: UnitCursor
    /// Room for a key of every marked row. A unit's keys begin at its offset; those of rows below the threshold
    /// are left out.
    let keys: MemoryRegion
    private let keyPointer: UnsafeMutablePointer<UInt64>
    /// Keys of each unit.
    private let keyCounts: UnsafeMutablePointer<Int>

    /// `candidates` have all been counted, and there is at least one.
    init(_ query: AudienceQuery, _ candidates: AudienceCandidates) throws(MemoryFailure) {
        precondition(candidates.count > 0)
        self.query = query
        marks = candidates.marks
        threshold = candidates.threshold
        bounds = candidates.units
        units = UnitCursor(count: bounds.count - 1)
        keys = try MemoryRegion(byteCount: candidates.count * MemoryLayout<UInt64>.stride)
        keyPointer = keys.mutableBytes.bindMemory(to: UInt64.self).baseAddress!
        keyCounts = .allocate(capacity: units.count)
        keyCounts.initialize(repeating: 0, count: units.count)
    }

    deinit { keyCounts.deallocate() }

    func work(scratch: ScanScratch) -> Bool {
        guard let unit = units.take() else { return false }
        let rows = scratch.survivors
        let rowCount = list(unit, into: rows)
        let table = query.side.table
        query.vector.withElements { elements in
            Canonical.gather(
                query: elements, base: table.vectors, dimension: table.dimension,
                indices: UnsafeBufferPointer(start: rows, count: rowCount), into: scratch.sums)
        }
        let keys = keyPointer + bounds[unit].offset
        var keyCount = 0
        for index in 0..<rowCount {
            let score = query.score(sum: scratch.sums[index], row: Int(rows[index]))
            // Always written and only sometimes counted: nothing for a CPU to guess wrong. What is not counted is
            // overwritten by the next one, and never lies beyond the unit's own room.
            keys[keyCount] = RankingKey(score: score, row: rows[index]).rawValue
            keyCount += score >= threshold ? 1 : 0
        }
        keyCounts[unit] = keyCount
        units.finish()
        return true
    }

    /// Lists the rows of a unit; their number.
    private func list(_ unit: Int, into rows: UnsafeMutablePointer<UInt32>) -> Int {
        var count = 0
        for word in bounds[unit].firstWord..<bounds[unit + 1].firstWord {
            var bits = marks[word: word]
            while bits != 0 {
                rows[count] = UInt32(truncatingIfNeeded: word << 6 + bits.trailingZeroBitCount)
                count += 1
                bits &= bits - 1
            }
        }
        return count
    }

    var isComplete: Bool { units.isComplete }

    var byteCount: Int { marks.byteCount + keys.byteCount }

    var unitCount: Int { units.count }

    /// Where in `keys` a unit's results are; only once complete.
    func keyRange(ofUnit unit: Int) -> Range<Int> {
        bounds[unit].offset..<bounds[unit].offset + keyCounts[unit]
    }
}
