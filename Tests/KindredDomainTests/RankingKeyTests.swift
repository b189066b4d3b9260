import KindredDomain
import TestSupport
import Testing

@Suite struct RankingKeyTests {
    @Test func keysOrderByScoreThenRow() {
        var generator = SeededGenerator.announced()
        let scores: [Float] =
            [
                0, 1, -1, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude,
                -.greatestFiniteMagnitude, 1.0.nextUp.float, 1.0.nextDown.float,
            ]
            + (0..<200).map { _ in Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &generator)) }
            .filter { $0.isFinite && $0.bitPattern != (-0.0 as Float).bitPattern }
        var pairs: [(score: Float, row: UInt32)] = []
        for score in scores {
            for row in [0, 1, 77, UInt32.max - 1] { pairs.append((score, row)) }
        }
        let byKey = pairs.sorted {
            RankingKey(score: $0.score, row: $0.row) < RankingKey(score: $1.score, row: $1.row)
        }
        let byDefinition = pairs.sorted { $0.score > $1.score || ($0.score == $1.score && $0.row < $1.row) }
        #expect(byKey.map(\.score) == byDefinition.map(\.score))
        for pair in pairs {
            let key = RankingKey(score: pair.score, row: pair.row)
            #expect(key.score.bitPattern == pair.score.bitPattern)
            #expect(key.row == pair.row)
        }
    }
}

extension Double {
    fileprivate var float: Float { Float(self) }
}
