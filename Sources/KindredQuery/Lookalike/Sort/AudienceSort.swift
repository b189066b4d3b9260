import KindredDomain
import KindredSystem

/// Sorts the keys of an audience, in steps and in units that any thread may take.
///
/// Keys come in ascending order of rows, so a stable sort by score alone gives the total order: a radix sort of the
/// keys' upper halves, least significant digit first. The digits are taken from the distance to the best upper half,
/// so there are only as many bits as the scores differ in. It shares no code with the sort by norms in KindredModel,
/// which sorts numbers together with their rows in one call of one thread: a common function would have to give up
/// either units or that sort's single counting pass.
package final class AudienceSort {
    private enum Phase {
        case next(shift: UInt32)
        case counting(AudienceSortPass, AudienceSortWork, shift: UInt32)
        case placing(AudienceSortPass, shift: UInt32)
        case moving(AudienceSortWork, shift: UInt32)
        case sorted
    }

    /// Bits of a digit, at most: with more, the places that keys go to do not stay in the first cache.
    private static let digitBitsMax: UInt32 = 9
    private static let segmentsPerStep = 64

    private let count: Int
    private let least: UInt32
    /// Bits that keys differ in, and bits of each digit.
    private let bits: UInt32
    private let width: UInt32
    private var stretches: [Range<Int>]
    private var segments: [Range<Int>]
    private var from: MemoryRegion
    private var to: MemoryRegion
    private let places: MemoryRegion
    private var phase: Phase

    /// Takes over the memory of the keys.
    package init(_ keys: AudienceKeys) throws(MemoryFailure) {
        count = keys.count
        least = keys.uppers.lowerBound
        let distance = keys.uppers.upperBound - least
        // One pass even where all scores are equal: it moves the stretches together.
        bits = max(1, UInt32(UInt32.bitWidth - distance.leadingZeroBitCount))
        let passCount = (bits + Self.digitBitsMax - 1) / Self.digitBitsMax
        width = (bits + passCount - 1) / passCount
        stretches = keys.stretches
        segments = AudienceSortPass.segments(of: stretches)
        from = keys.memory
        to = try MemoryRegion(byteCount: count * MemoryLayout<UInt64>.stride)
        let segmentCountMax = max(
            segments.count, (count + AudienceSortPass.keysPerSegment - 1) / AudienceSortPass.keysPerSegment)
        places = try MemoryRegion(byteCount: segmentCountMax * MemoryLayout<UInt32>.stride << Int(width))
        phase = count == 0 ? .sorted : .next(shift: 0)
    }

    package func step() -> Step<SortedKeys> {
        switch phase {
        case .next(let shift):
            let pass = AudienceSortPass(
                AudienceSortPass.Digit(least: least, shift: shift, width: width), from: from, stretches,
                segments: segments, to: to, isFresh: shift == 0, places: places)
            phase = .counting(pass, AudienceSortWork(pass, .count), shift: shift)
        case .counting(let pass, let work, let shift):
            guard work.isComplete else { return .waiting(on: work) }
            phase = .placing(pass, shift: shift)
        case .placing(let pass, let shift):
            guard pass.place(segmentCount: Self.segmentsPerStep) else { break }
            phase = .moving(AudienceSortWork(pass, .move), shift: shift)
        case .moving(let work, let shift):
            guard work.isComplete else { return .waiting(on: work) }
            swap(&from, &to)
            if shift == 0 {
                stretches = AudienceKeys.stretches(of: count)
                segments = stretches.indices.map { $0..<$0 + 1 }
            }
            phase = shift + width < bits ? .next(shift: shift + width) : .sorted
        case .sorted: return .done(SortedKeys(memory: from, spare: to, count: count))
        }
        return .working
    }

    /// The same without other threads: does a unit where `step` would wait for units.
    func stepAlone() -> Step<SortedKeys> {
        switch phase {
        case .counting(_, let work, _), .moving(let work, _): if work.work() { return .working }
        case .next, .placing, .sorted: break
        }
        return step()
    }

    var byteCount: Int { from.byteCount + to.byteCount + places.byteCount }
}

/// Ranking keys of an audience in ascending order of rows, before they are sorted.
package struct AudienceKeys {
    /// `UInt64` each, in stretches.
    let memory: MemoryRegion
    /// The places of the keys, one stretch after the other. Memory between stretches has no meaning.
    let stretches: [Range<Int>]
    let count: Int
    /// Range of the keys' upper halves: from that of the best key to that of the least score a key may have.
    let uppers: ClosedRange<UInt32>

    /// Keys in stretches of a memory. `best` is at least as good as every key, and scores are at least `minimumScore`.
    package init(memory: MemoryRegion, stretches: [Range<Int>], best: RankingKey, minimumScore: Float) {
        self.memory = memory
        self.stretches = stretches
        count = stretches.reduce(0) { $0 + $1.count }
        let greatest = ~RankingKey.ordered(minimumScore + 0)
        uppers = min(UInt32(truncatingIfNeeded: best.rawValue >> 32), greatest)...greatest
    }

    /// The first `count` keys of a memory, one behind the other.
    package init(memory: MemoryRegion, count: Int, best: RankingKey, minimumScore: Float) {
        self.init(
            memory: memory, stretches: Self.stretches(of: count), best: best, minimumScore: minimumScore)
    }

    /// No keys.
    static func none() throws(MemoryFailure) -> AudienceKeys {
        AudienceKeys(
            memory: try MemoryRegion(byteCount: 0), count: 0, best: RankingKey(rawValue: .max),
            minimumScore: 0)
    }

    /// `0 ..< count` in stretches of a sort's segment.
    static func stretches(of count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: AudienceSortPass.keysPerSegment).map {
            $0..<min($0 + AudienceSortPass.keysPerSegment, count)
        }
    }
}

/// The keys of an audience, best first.
package struct SortedKeys {
    /// `UInt64` each.
    let memory: MemoryRegion
    /// Memory that the sort left free: at least 8 bytes for each key.
    let spare: MemoryRegion
    let count: Int

    /// The keys. Valid while this value is held.
    package var keys: UnsafeBufferPointer<UInt64> {
        UnsafeBufferPointer(rebasing: memory.bytes.bindMemory(to: UInt64.self).prefix(count))
    }

    var byteCount: Int { memory.byteCount + spare.byteCount }
}
