import Dispatch
import KindredDomain
import KindredQuery
import KindredSystem
import TestSupport
import Testing

/// The sort of an audience's keys against the standard library's.
@Suite struct AudienceSortTests {
    /// The keys of rows with some scores, in stretches of a memory with gaps between.
    private func keys(
        _ scores: [Float], using generator: inout SeededGenerator
    ) throws -> (keys: AudienceKeys, sorted: [UInt64]) {
        let memory = try MemoryRegion(byteCount: 2 * max(1, scores.count) * MemoryLayout<UInt64>.stride)
        let places = memory.mutableBytes.bindMemory(to: UInt64.self)
        for place in places.indices { places[place] = generator.next() }
        var stretches: [Range<Int>] = []
        var all: [UInt64] = []
        var place = 0
        while all.count < scores.count {
            let end = min(
                scores.count, all.count + Int.random(in: 1...max(1, scores.count / 3), using: &generator))
            let start = place
            for row in all.count..<end {
                let key = RankingKey(score: scores[row], row: UInt32(row)).rawValue
                places[place] = key
                all.append(key)
                place += 1
            }
            stretches.append(start..<place)
            place += Int.random(
                in: 0...min(3, places.count - place - (scores.count - end)), using: &generator)
        }
        let best = RankingKey(rawValue: all.min() ?? .max)
        let keys = AudienceKeys(
            memory: memory, stretches: stretches, best: best, minimumScore: scores.min() ?? 0)
        return (keys, all.sorted())
    }

    /// Sorts with the units of each phase taken by this thread alone or by several at once.
    private func sorted(_ keys: AudienceKeys, threadCount: Int) throws -> [UInt64] {
        let sort = try AudienceSort(keys)
        while true {
            switch sort.step() {
            case .working: break
            case .waiting(on: let work):
                DispatchQueue.concurrentPerform(iterations: threadCount) { _ in
                    let scratch = ScanScratch(rowsMax: 0, hitsMax: 0)
                    while work.work(scratch: scratch) {}
                }
            case .done(let sorted): return Array(sorted.keys)
            }
        }
    }

    @Test(arguments: [0, 1, 2, 100, 20_000], [1, 3])
    func keysAreSorted(count: Int, threadCount: Int) throws {
        var generator = SeededGenerator.announced()
        let few = (0..<5).map { _ in Float(generator.normal()) + 0 }
        let scores: [[Float]] = [
            (0..<count).map { _ in Float(generator.normal()) + 0 },
            (0..<count).map { _ in few.randomElement(using: &generator)! },
            Array(repeating: 1, count: count),
            // The upper halves of the keys take all 32 bits.
            (0..<count).map { $0 % 2 == 0 ? .greatestFiniteMagnitude : -.greatestFiniteMagnitude },
        ]
        for scores in scores {
            let (keys, wanted) = try keys(scores, using: &generator)
            #expect(try sorted(keys, threadCount: threadCount) == wanted)
        }
    }

    @Test func aMinimumScoreBelowAllScoresChangesNothing() throws {
        var generator = SeededGenerator.announced()
        let memory = try MemoryRegion(byteCount: 100 * MemoryLayout<UInt64>.stride)
        let places = memory.mutableBytes.bindMemory(to: UInt64.self)
        for row in 0..<100 {
            places[row] = RankingKey(score: Float(generator.uniform()), row: UInt32(row)).rawValue
        }
        let wanted = Array(places).sorted()
        let keys = AudienceKeys(
            memory: memory, count: 100, best: RankingKey(rawValue: wanted[0]), minimumScore: -1e30)
        #expect(try sorted(keys, threadCount: 2) == wanted)
    }
}
