import KindredKernels
import TestSupport
import Testing

@Suite struct SelectionTests {
    @Test func survivorsReachTheLimit() {
        var generator = SeededGenerator.announced()
        for count in 0...70 {
            let scores = (0..<count).map { _ in Float(Int.random(in: -3...3, using: &generator)) }
            let norms = (0..<count).map { _ in Float(Int.random(in: 0...2, using: &generator)) }
            for limit: Float in [-.infinity, -3, 0, 1.5, 3, .infinity] {
                var survivors = Array(repeating: UInt32.max, count: max(count, 1))
                let found = Selection.atLeast(limit, scores: scores, count: count, into: &survivors)
                #expect(
                    Array(survivors[..<found])
                        == scores.indices.filter { scores[$0] >= limit }.map { UInt32($0) })
                guard limit.isFinite else { continue }
                let scaled = Selection.atLeast(
                    factor: limit, norms: norms, scores: scores, count: count, into: &survivors)
                #expect(
                    Array(survivors[..<scaled])
                        == scores.indices.filter { scores[$0] >= limit * norms[$0] }.map { UInt32($0) })
            }
        }
    }
}
