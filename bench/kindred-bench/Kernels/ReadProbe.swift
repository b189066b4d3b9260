import CBenchProbes
import KindredSystem
import Synchronization

/// How fast threads read memory of one level, each its own part.
final class ReadProbe: Sendable {
    /// Streams of one thread, one after another tried: which is best depends on the level and the machine.
    private static let streamCounts = [1, 2, 4, 8]
    /// What every part is a multiple of: a kibibyte for each of the most streams.
    private static let unit = 8 << 10
    /// Bytes that a call reads at least, so that starting threads is no part of the figure.
    private static let bytesPerCallMin = 64 << 20

    private let memory: MemoryRegion
    private let crew: Crew
    private let total = Atomic<UInt64>(0)

    /// Memory of about `byteCount` bytes for each of the crew's threads, filled with words that are not 0.
    init(byteCount: Int, crew: Crew) throws {
        let part = max(byteCount / Self.unit, 1) * Self.unit
        memory = try MemoryRegion(byteCount: part * crew.count)
        self.crew = crew
        let words = memory.mutableBytes.bindMemory(to: UInt64.self)
        for index in words.indices { words[index] = UInt64(truncatingIfNeeded: index) | 1 }
    }

    private var part: Int { memory.byteCount / crew.count }
    private var repeats: Int { max(1, Self.bytesPerCallMin / part) }

    /// One piece of work for each number of streams.
    var works: [() -> Void] { Self.streamCounts.map { streams in { self.read(streams) } } }

    private func read(_ streams: Int) {
        crew.run { [self] thread in
            let start = memory.baseAddress! + thread * part
            var sum: UInt64 = 0
            for _ in 0..<repeats { sum &+= bench_read(start, part, streams) }
            total.wrappingAdd(sum, ordering: .relaxed)
        }
    }

    /// Bytes a second of all threads, from the samples of `works`: those of the best number of streams.
    func figure(_ samples: [Samples]) -> Figure {
        let bytes = Double(part * repeats * crew.count)
        let best = samples.min { $0.best < $1.best }!
        return Figure(perCall: bytes, samples: best)
    }

    /// The sum of all words read so far.
    var checksum: UInt64 { total.load(ordering: .relaxed) }
}
