import CBenchProbes
import KindredSystem
import Synchronization

/// Measures the read bandwidth of one memory level, with a separate part for each thread.
final class ReadProbe: Sendable {
    /// Numbers of streams of one thread to try: the best one depends on the level and the machine.
    private static let streamCounts = [1, 2, 4, 8]
    /// Every part is a multiple of this: one kibibyte for each of the most streams.
    private static let unit = 8 << 10
    /// Least number of bytes of one call, so that starting threads does not matter.
    private static let bytesPerCallMin = 64 << 20

    private let memory: MemoryRegion
    private let team: ThreadTeam
    private let total = Atomic<UInt64>(0)

    /// About `byteCount` bytes for each thread of the team, filled with non-zero words.
    init(byteCount: Int, team: ThreadTeam) throws {
        let part = max(byteCount / Self.unit, 1) * Self.unit
        memory = try MemoryRegion(byteCount: part * team.count)
        self.team = team
        let words = memory.mutableBytes.bindMemory(to: UInt64.self)
        for index in words.indices { words[index] = UInt64(truncatingIfNeeded: index) | 1 }
    }

    private var part: Int { memory.byteCount / team.count }
    private var repeats: Int { max(1, Self.bytesPerCallMin / part) }

    /// One work closure for each number of streams.
    var works: [() -> Void] { Self.streamCounts.map { streams in { self.read(streams) } } }

    private func read(_ streams: Int) {
        team.run { [self] thread in
            let start = memory.baseAddress! + thread * part
            var sum: UInt64 = 0
            for _ in 0..<repeats { sum &+= bench_read(start, part, streams) }
            total.wrappingAdd(sum, ordering: .relaxed)
        }
    }

    /// Bytes per second of all threads with the best number of streams. `samples` are those of `works`.
    func figure(_ samples: [Samples]) -> Rate {
        let bytes = Double(part * repeats * team.count)
        let best = samples.min { $0.best < $1.best }!
        return Rate(perCall: bytes, samples: best)
    }

    /// The sum of all words read so far.
    var checksum: UInt64 { total.load(ordering: .relaxed) }
}
