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
                var selection = best.selection(k: k)
                #expect(selection.finish() == Array(offered.sorted().prefix(k)))
            }
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
