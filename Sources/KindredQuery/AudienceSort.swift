import KindredDomain
import KindredKernels

/// Ranking keys that are collected in ascending row order and sorted, in steps.
///
/// Because rows ascend, a stable sort by score alone gives the total order: a radix sort over the upper 32 bits, least
/// significant digit first. What is sorted by is how far a score is above the least one that may come, which mostly
/// leaves the third digit 0 and saves its pass.
final class AudienceSort {
    private enum Phase {
        case collect
        case pass(Int)
        case done
    }

    private static let passCount = 3
    private static let digitBits: UInt32 = 12
    private static let digitCount = 1 << Int(digitBits)
    private static let digitMask = UInt32(digitCount - 1)

    private(set) var count = 0
    /// The greatest upper half that a key may have: that of the least score.
    private let last: UInt32
    private var from: MemoryRegion
    private var to: MemoryRegion
    private let fromPointer: UnsafeMutablePointer<UInt64>?
    private let toPointer: UnsafeMutablePointer<UInt64>?
    /// Keys of each digit of each pass, then the next position of each digit.
    private let digits: UnsafeMutablePointer<Int>
    private var phase = Phase.collect
    private var position = 0

    /// Room for `capacity` keys of scores of at least `minimumScore`.
    convenience init(capacity: Int, minimumScore: Float) throws(MemoryFailure) {
        try self.init(
            capacity: capacity, minimumScore: minimumScore,
            from: MemoryRegion(byteCount: capacity * MemoryLayout<UInt64>.stride))
    }

    /// Keys are collected in `from`, which has room for `capacity`. It may hold keys that are collected into it in
    /// their order: one is not read again after it was appended.
    init(capacity: Int, minimumScore: Float, from: MemoryRegion) throws(MemoryFailure) {
        last = ~RankingKey.ordered(minimumScore + 0)
        self.from = from
        to = try MemoryRegion(byteCount: capacity * MemoryLayout<UInt64>.stride)
        fromPointer = from.mutableBytes.bindMemory(to: UInt64.self).baseAddress
        toPointer = to.mutableBytes.bindMemory(to: UInt64.self).baseAddress
        digits = .allocate(capacity: Self.passCount * Self.digitCount)
        digits.initialize(repeating: 0, count: Self.passCount * Self.digitCount)
    }

    deinit { digits.deallocate() }

    /// Adds a key of a greater row than those before it; there must be room.
    @inline(__always)
    func append(_ key: UInt64) {
        fromPointer![count] = key
        // Fresh memory costs a fault for every page that is first written. The first pass scatters over all pages
        // of `to` in one step, so they are made here, a few in each step.
        toPointer![count] = 0
        count += 1
        for pass in 0..<Self.passCount {
            digits[pass * Self.digitCount + digit(of: key, shift: UInt32(pass) * Self.digitBits)] += 1
        }
    }

    /// A digit of how far a key's score is above the least one, complemented: digits ascend as keys do.
    @inline(__always)
    private func digit(of key: UInt64, shift: UInt32) -> Int {
        let above = last &- UInt32(truncatingIfNeeded: key >> 32)
        return Int(~(above &>> shift) & Self.digitMask)
    }

    /// Says that every key has been added.
    func endCollecting() { startPass(0) }

    /// Moves `keyCount` keys. True once sorted.
    func sort(keyCount: Int) -> Bool {
        guard case .pass(let pass) = phase else { return true }
        let end = min(position + keyCount, count)
        let source = from.bytes.bindMemory(to: UInt64.self).baseAddress!
        let target = to.mutableBytes.bindMemory(to: UInt64.self).baseAddress!
        let shift = UInt32(pass) * Self.digitBits
        let starts = digits + pass * Self.digitCount
        for index in position..<end {
            let key = source[index]
            let digit = digit(of: key, shift: shift)
            let start = starts[digit]
            target[start] = key
            starts[digit] = start + 1
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
    private func startPass(_ first: Int) {
        position = 0
        for pass in first..<Self.passCount {
            let counts = UnsafeMutableBufferPointer(
                start: digits + pass * Self.digitCount, count: Self.digitCount)
            guard !counts.contains(count) else { continue }
            var start = 0
            for digit in counts.indices {
                let digits = counts[digit]
                counts[digit] = start
                start += digits
            }
            phase = .pass(pass)
            return
        }
        phase = .done
    }

    /// The sorted keys, best first; only once sorted.
    var keys: UnsafeBufferPointer<UInt64> {
        UnsafeBufferPointer(rebasing: from.bytes.bindMemory(to: UInt64.self).prefix(count))
    }

    /// The memory that is free again once sorted: at least 8 bytes for each key.
    var spare: MemoryRegion { to }

    var byteCount: Int { from.byteCount + to.byteCount }
}
