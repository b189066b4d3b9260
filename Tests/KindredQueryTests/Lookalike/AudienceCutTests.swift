import KindredDomain
import KindredQuery
import TestSupport
import Testing

/// The cut of an audience against a plain sort.
@Suite struct AudienceCutTests {
    private func cut(
        _ scores: [Float], excluded: Bitmap?, _ goal: AudienceGoal, using generator: inout SeededGenerator
    ) -> AudienceCut.Result {
        scores.withUnsafeBufferPointer { scores in
            let cut = AudienceCut(scores: scores, excluded: excluded, goal: goal)
            while true {
                let step = cut.step(rowCount: Int.random(in: 1...100, using: &generator))
                if case .done(let result) = step { return result }
            }
        }
    }

    /// Scores of rows that are not excluded, in descending order.
    private func ranking(_ scores: [Float], excluded: Bitmap?) -> [Float] {
        scores.indices.filter { !(excluded?[$0] ?? false) }.map { scores[$0] }.sorted(by: >)
    }

    @Test func theBestRowsAreThoseAboveTheThresholdAndSomeTies() {
        var generator = SeededGenerator.announced()
        for _ in 0..<60 {
            // Few distinct scores, so that most cuts fall between ties.
            let distinct = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                Float(generator.normal()) + 0
            }
            let scores = (0..<Int.random(in: 1...400, using: &generator)).map { _ in
                distinct.randomElement(using: &generator)!
            }
            var excluded = Bitmap(count: scores.count)
            for row in scores.indices { excluded[row] = Int.random(in: 0..<4, using: &generator) == 0 }
            let bitmap = Bool.random(using: &generator) ? excluded : nil
            let ranking = ranking(scores, excluded: bitmap)
            guard !ranking.isEmpty else { continue }
            let wanted = Int.random(in: 1...ranking.count, using: &generator)
            let result = cut(scores, excluded: bitmap, .best(wanted), using: &generator)
            let last = ranking[wanted - 1]
            #expect(result.threshold == RankingKey.ordered(last))
            #expect(result.tieCount == wanted - ranking.count { $0 > last })
            #expect(result.rowCount == wanted)
        }
    }

    @Test func aMinimumScoreLetsAllTiesIn() {
        var generator = SeededGenerator.announced()
        let scores: [Float] = [3, -1, 0, 2, 0, -0.5, 2]
        for (minimum, count) in [(Float(2), 3), (0, 5), (-0.0, 5), (-10, 7), (10, 0)] {
            let result = cut(scores, excluded: nil, .scoring(atLeast: minimum), using: &generator)
            #expect(result.rowCount == count, "at least \(minimum)")
            #expect(result.threshold == RankingKey.ordered(minimum + 0))
        }
        var excluded = Bitmap(count: scores.count)
        excluded[3] = true
        let result = cut(scores, excluded: excluded, .scoring(atLeast: 2), using: &generator)
        #expect(result.rowCount == 2)
    }

    @Test func nobodyAndEverybody() {
        var generator = SeededGenerator.announced()
        let scores = Array(repeating: Float(1), count: 300)
        let none = cut(scores, excluded: nil, .best(0), using: &generator)
        #expect(none == AudienceCut.Result(threshold: .max, tieCount: 0, rowCount: 0))
        let all = cut(scores, excluded: nil, .best(300), using: &generator)
        #expect(all == AudienceCut.Result(threshold: RankingKey.ordered(1), tieCount: 300, rowCount: 300))
    }
}
