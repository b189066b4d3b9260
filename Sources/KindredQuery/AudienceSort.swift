import KindredDomain
import KindredKernels

/// Collects the rows of an audience as ranking keys and sorts them, in steps of rows.
///
/// Keys are collected in ascending row order, so a stable sort by score alone gives the total order: three
/// passes of a radix sort over the upper 32 bits (least significant digit first).
struct AudienceSort {
    private enum Phase {
        case collect
        case pass(Int)
        case done
    }

    private static let shifts: [UInt64] = [32, 43, 54]
    private static let digitMask: UInt64 = (1 << 11) - 1

    let count: Int
    private var from: MemoryRegion
    private var to: MemoryRegion
    private var counts = Array(repeating: Array(repeating: 0, count: 1 << 11), count: 3)
    private var phase = Phase.collect
    private var position = 0
    private var collected = 0
    private var tiesLeft: Int

    init(_ cut: AudienceCut.Result) throws(MemoryFailure) {
        count = cut.rowCount
        tiesLeft = cut.tieCount
        from = try MemoryRegion(byteCount: cut.rowCount * MemoryLayout<UInt64>.stride)
        to = try MemoryRegion(byteCount: cut.rowCount * MemoryLayout<UInt64>.stride)
    }

    /// Collects from `rowCount` rows. True once all rows were looked at.
    mutating func collect(
        rowCount: Int, scores: UnsafeBufferPointer<Float>, excluded: Bitmap?, threshold: UInt32
    ) -> Bool {
        let end = min(position + rowCount, scores.count)
        let keys = from.mutableBytes.bindMemory(to: UInt64.self)
        // Fresh memory costs a fault for every page that is first written. The first pass of the sort scatters
        // over all pages of `to` in one step, so they are made here, a few in each step.
        let later = to.mutableBytes.bindMemory(to: UInt64.self)
        for row in position..<end {
            let ordered = RankingKey.ordered(scores[row])
            guard ordered >= threshold, collected < count, !(excluded.map { $0[row] } ?? false) else {
                continue
            }
            if ordered == threshold {
                guard tiesLeft > 0 else { continue }
                tiesLeft -= 1
            }
            let key = RankingKey(score: scores[row], row: UInt32(row)).rawValue
            keys[collected] = key
            later[collected] = 0
            collected += 1
            for pass in 0..<3 { counts[pass][Int(key >> Self.shifts[pass] & Self.digitMask)] += 1 }
        }
        position = end
        guard position == scores.count else { return false }
        startPass(0)
        return true
    }

    /// Moves `keyCount` keys. True once sorted.
    mutating func sort(keyCount: Int) -> Bool {
        guard case .pass(let pass) = phase else { return true }
        let end = min(position + keyCount, count)
        let source = from.bytes.bindMemory(to: UInt64.self)
        let target = to.mutableBytes.bindMemory(to: UInt64.self)
        let shift = Self.shifts[pass]
        counts[pass].withUnsafeMutableBufferPointer { starts in
            for index in position..<end {
                let key = source[index]
                let digit = Int(key >> shift & Self.digitMask)
                target[starts[digit]] = key
                starts[digit] += 1
            }
        }
        position = end
        if position == count {
            swap(&from, &to)
            startPass(pass + 1)
        }
        if case .done = phase { return true }
        return false
    }

    /// Turns the counts of a pass into the first position of each digit; passes with one digit are skipped.
    private mutating func startPass(_ first: Int) {
        position = 0
        for pass in first..<3 where !counts[pass].contains(count) {
            var start = 0
            for digit in counts[pass].indices {
                let digits = counts[pass][digit]
                counts[pass][digit] = start
                start += digits
            }
            phase = .pass(pass)
            return
        }
        phase = .done
    }

    /// The sorted keys, best first; only once sorted.
    var keys: UnsafeBufferPointer<UInt64> { from.bytes.bindMemory(to: UInt64.self) }

    /// The memory of the keys and the memory that is free again.
    var memory: (keys: MemoryRegion, spare: MemoryRegion) { (from, to) }
}
