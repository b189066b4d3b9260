import KindredDomain
import KindredSystem

/// Ranking keys of an audience in ascending order of rows, before they are sorted.
struct AudienceKeys {
    /// `UInt64` each, in stretches.
    let memory: MemoryRegion
    /// Where keys are, one stretch after the other; what lies between is anything.
    let stretches: [Range<Int>]
    let count: Int
    /// Keys' upper halves lie in this: the best score's, and the least score's that a key may have.
    let uppers: ClosedRange<UInt32>

    /// Keys in stretches of a memory whose best is known and whose scores are at least `minimumScore`.
    init(memory: MemoryRegion, stretches: [Range<Int>], best: RankingKey, minimumScore: Float) {
        self.memory = memory
        self.stretches = stretches
        count = stretches.reduce(0) { $0 + $1.count }
        let greatest = ~RankingKey.ordered(minimumScore + 0)
        uppers = min(UInt32(truncatingIfNeeded: best.rawValue >> 32), greatest)...greatest
    }

    /// The first `count` keys of a memory, one behind the other.
    init(memory: MemoryRegion, count: Int, best: RankingKey, minimumScore: Float) {
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
