import KindredDomain
import KindredSystem

/// Sorts the keys of an audience, in steps and in units that any thread may take.
///
/// Because keys come in ascending order of rows, a stable sort by score alone gives the total order: a radix sort of
/// the upper halves, least significant digit first. What is sorted by is how far an upper half is above the best
/// one's, which leaves as few bits as the scores differ in.
final class AudienceSort {
    enum Progress {
        case working
        /// The units of this phase are for whoever has time.
        case scanning(AudienceSortWork)
        case sorted
    }

    private enum Phase {
        case next(shift: UInt32)
        case counting(AudienceSortPass, AudienceSortWork, shift: UInt32)
        case placing(AudienceSortPass, shift: UInt32)
        case moving(AudienceSortWork, shift: UInt32)
        case sorted
    }

    /// A pass sorts by at most this many bits: keys go to so many places that those stay in the first cache.
    private static let digitBitsMax: UInt32 = 9
    private static let segmentsPerStep = 64

    let count: Int
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
    init(_ keys: AudienceKeys) throws(MemoryFailure) {
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

    func step() -> Progress {
        switch phase {
        case .next(let shift):
            let pass = AudienceSortPass(
                AudienceSortPass.Digit(least: least, shift: shift, width: width), from: from, stretches,
                segments: segments, to: to, isFresh: shift == 0, places: places)
            phase = .counting(pass, AudienceSortWork(pass, .count), shift: shift)
        case .counting(let pass, let work, let shift):
            guard work.isComplete else { return .scanning(work) }
            phase = .placing(pass, shift: shift)
        case .placing(let pass, let shift):
            guard pass.place(segmentCount: Self.segmentsPerStep) else { break }
            phase = .moving(AudienceSortWork(pass, .move), shift: shift)
        case .moving(let work, let shift):
            guard work.isComplete else { return .scanning(work) }
            swap(&from, &to)
            if shift == 0 {
                stretches = AudienceKeys.stretches(of: count)
                segments = stretches.indices.map { $0..<$0 + 1 }
            }
            phase = shift + width < bits ? .next(shift: shift + width) : .sorted
        case .sorted: return .sorted
        }
        return .working
    }

    /// The sorted keys, best first; only once sorted.
    var keys: UnsafeBufferPointer<UInt64> {
        UnsafeBufferPointer(rebasing: memory.bytes.bindMemory(to: UInt64.self).prefix(count))
    }

    /// Where the sorted keys are; only once sorted.
    var memory: MemoryRegion { from }

    /// The memory that is free again once sorted: at least 8 bytes for each key.
    var spare: MemoryRegion { to }

    var byteCount: Int { from.byteCount + to.byteCount + places.byteCount }
}
