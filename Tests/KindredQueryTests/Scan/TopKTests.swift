import KindredDomain
import KindredQuery
import TestSupport
import Testing

/// Both selections of the best k rows: the heap of a scan of codes and the reservoir of BLAS.
@Suite struct TopKTests {
    private func rows(_ generator: inout SeededGenerator) -> [RankingKey] {
        let count = Int.random(in: 0...300, using: &generator)
        let scores = (0..<max(1, count / 3)).map { _ in Float(generator.normal()) + 0 }
        return (0..<count).map {
            RankingKey(score: scores.randomElement(using: &generator)!, row: UInt32($0))
        }.shuffled(using: &generator)
    }

    @Test func theHeapsThresholdIsTheKthBestScoreAtEveryMoment() {
        var generator = SeededGenerator.announced()
        for _ in 0..<100 {
            let rows = rows(&generator)
            let k = Int.random(in: 1...50, using: &generator)
            let minimum = Bool.random(using: &generator) ? Float(generator.normal()) : -.infinity
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: k) { heap in
                var best = BestRows(k: k, minimumScore: minimum, heap: heap.baseAddress!)
                var offered: [RankingKey] = []
                for key in rows {
                    best.offer(score: key.score, row: key.row)
                    if key.score >= minimum { offered.append(key) }
                    let wanted = offered.count < k ? minimum : offered.sorted()[k - 1].score
                    #expect(best.threshold == wanted)
                }
                // Sorted at once, or in several steps before.
                let limit = Int.random(in: 1...60, using: &generator)
                if Bool.random(using: &generator) { while !best.sort(atMost: limit) {} }
                var selection = best.selection(k: k)
                #expect(selection.finish() == Array(offered.sorted().prefix(k)))
            }
        }
    }

    /// A large selection is sorted now and then. It has the best k all the same, in whatever parts they came.
    @Test(arguments: [1_024, 1_025, 3_000]) func largeSelectionsHaveTheBest(k: Int) {
        var generator = SeededGenerator.announced()
        for count in [0, 700, 2_500, 9_000] {
            let scores = (0..<max(1, count / 3)).map { _ in Float(generator.normal()) + 0 }
            let rows = (0..<count).map {
                RankingKey(score: scores.randomElement(using: &generator)!, row: UInt32($0))
            }.shuffled(using: &generator)
            var parts = (0..<3).map { _ in TopRows(k: k, minimumScore: -.infinity) }
            var start = 0
            while start < count {
                let part = Int.random(in: 0..<3, using: &generator)
                let end = min(count, start + Int.random(in: 1...1_024, using: &generator))
                for key in rows[start..<end] { parts[part].offer(score: key.score, row: key.row) }
                parts[part].tighten()
                start = end
            }
            var all = parts[0]
            all.merge(parts[1])
            all.merge(parts[2])
            let best = Array(rows.sorted().prefix(k))
            #expect(all.finish() == best, "seed \(generator.seed), \(count) rows")
            if let worst = best.last, best.count == k { #expect(all.scoreThreshold <= worst.score) }
        }
    }

    @Test func aRaisedThresholdDropsRows() {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 3) { heap in
            var best = BestRows(k: 3, minimumScore: -.infinity, heap: heap.baseAddress!)
            best.offer(score: 1, row: 0)
            best.raiseThreshold(to: 2)
            best.offer(score: 1.5, row: 1)
            best.offer(score: 2, row: 2)
            best.raiseThreshold(to: 1)
            #expect(best.threshold == 2)
            var selection = best.selection(k: 3)
            #expect(selection.finish() == [RankingKey(score: 2, row: 2)])
        }
    }

    @Test func selectionsMergeInAnyOrder() {
        var generator = SeededGenerator.announced()
        for _ in 0..<100 {
            let rows = rows(&generator)
            let k = Int.random(in: 1...50, using: &generator)
            var parts = (0..<3).map { _ in TopRows(k: k, minimumScore: -.infinity) }
            for key in rows {
                parts[Int.random(in: 0..<3, using: &generator)].offer(score: key.score, row: key.row)
            }
            var merged = parts[0]
            merged.merge(parts[1])
            merged.merge(parts[2])
            #expect(merged.finish() == Array(rows.sorted().prefix(k)))
        }
    }

    /// The scan finds more rows than are returned.
    @Test func theRankStageReturnsTheFirstOfTheRowsFound() {
        var found = TopRows(k: 5, minimumScore: -.infinity)
        for row in 0..<5 { found.offer(score: Float(row), row: UInt32(row)) }
        var rows: [UInt32] = []
        var scores: [Float] = []
        RankStage(k: 2).append(found, to: &rows, scores: &scores, wantsScores: true)
        RankStage(k: 9).append(found, to: &rows, scores: &scores, wantsScores: false)
        #expect(rows == [4, 3, 4, 3, 2, 1, 0])
        #expect(scores == [4, 3])
        RankStage(k: 2, offset: 1).append(found, to: &rows, scores: &scores, wantsScores: true)
        RankStage(k: 2, offset: 5).append(found, to: &rows, scores: &scores, wantsScores: true)
        #expect(rows.dropFirst(7) == [3, 2])
        #expect(scores == [4, 3, 3, 2])
    }
}
