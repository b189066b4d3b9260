import KindredDomain
import KindredKernels

/// Ranking keys that are collected in ascending row order and sorted, in steps.
///
/// Because rows ascend, a stable sort by score alone gives the total order: three passes of a radix sort over the
/// upper 32 bits, least significant digit first.
final class AudienceSort {
    private enum Phase {
        case collect
        case pass(Int)
        case done
    }

    private static let passCount = 3
    private static let digitCount = 1 << 11
    private static let shifts: [UInt64] = [32, 43, 54]
    private static let digitMask: UInt64 = (1 << 11) - 1

    private(set) var count = 0
    private var from: MemoryRegion
    private var to: MemoryRegion
    private let fromPointer: UnsafeMutablePointer<UInt64>?
    private let toPointer: UnsafeMutablePointer<UInt64>?
    /// Keys of each digit of each pass, then the next position of each digit.
    private let digits: UnsafeMutablePointer<Int>
    private var phase = Phase.collect
    private var position = 0

    /// Room for `capacity` keys.
    convenience init(capacity: Int) throws(MemoryFailure) {
        try self.init(
            capacity: capacity, from: MemoryRegion(byteCount: capacity * MemoryLayout<UInt64>.stride))
    }

    /// Keys are collected in `from`, which has room for `capacity`. It may hold keys that are collected into it in
    /// their order: one is not read again after it was appended.
    init(capacity: Int, from: MemoryRegion) throws(MemoryFailure) {
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
        digits[Int(key >> 32 & Self.digitMask)] += 1
        digits[Self.digitCount + Int(key >> 43 & Self.digitMask)] += 1
        digits[2 * Self.digitCount + Int(key >> 54 & Self.digitMask)] += 1
    }

    /// Says that every key has been added.
    func endCollecting() { startPass(0) }

    /// Moves `keyCount` keys. True once sorted.
    func sort(keyCount: Int) -> Bool {
        guard case .pass(let pass) = phase else { return true }
        let end = min(position + keyCount, count)
        let source = from.bytes.bindMemory(to: UInt64.self).baseAddress!
        let target = to.mutableBytes.bindMemory(to: UInt64.self).baseAddress!
        let shift = Self.shifts[pass]
        let starts = digits + pass * Self.digitCount
        for index in position..<end {
            let key = source[index]
            let digit = Int(key >> shift & Self.digitMask)
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
