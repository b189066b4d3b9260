import KindredKernels
import TestSupport
import Testing

@Suite struct CanonicalTests {
    @Test func sumsHaveTheDocumentedBits() {
        var generator = SeededGenerator.announced()
        for count in Array(1...40) + [63, 64, 65, 300, 4_096] {
            for scale in [1.0, 1e-40, 1e18] {
                let a = (0..<count).map { _ in Float(generator.normal() * scale) }
                let b = (0..<count).map { _ in Float(generator.normal()) }
                #expect(Canonical.sum(a, b, count: count).bitPattern == Oracle.sum(a, b).bitPattern)
            }
        }
    }

    @Test func sumsOfManyRowsEqualSingleSums() {
        var generator = SeededGenerator.announced()
        let dimension = 13
        let rows = (0..<50 * dimension).map { _ in Float(generator.normal()) }
        let query = (0..<dimension).map { _ in Float(generator.normal()) }
        let one = (0..<50).map { row in
            Oracle.sum(query, Array(rows[row * dimension..<(row + 1) * dimension]))
        }
        var sums = Array(repeating: 0.0, count: 50)
        Canonical.sums(query: query, rows: rows, dimension: dimension, rowCount: 50, into: &sums)
        #expect(sums == one)
        let indices: [UInt32] = [49, 0, 7, 7, 31, 2, 48, 3, 5, 11, 13, 17]
        var gathered = Array(repeating: 0.0, count: indices.count)
        indices.withUnsafeBufferPointer {
            Canonical.gather(query: query, base: rows, dimension: dimension, indices: $0, into: &gathered)
        }
        #expect(gathered == indices.map { one[Int($0)] })
    }

    @Test func sumsOfPairsHaveTheBitsOfSingleSums() {
        var generator = SeededGenerator.announced()
        for dimension in Array(1...40) + [63, 64, 65, 300] {
            for scale in [1.0, 1e-40, 1e18] {
                let queries = (0..<3 * dimension).map { _ in Float(generator.normal() * scale) }
                let rows = (0..<5 * dimension).map { _ in Float(generator.normal()) }
                let pairs = (0..<17).map { _ in
                    Canonical.Pair(
                        query: UInt32.random(in: 0..<3, using: &generator),
                        row: UInt32.random(in: 0..<5, using: &generator))
                }
                var sums = Array(repeating: Double.nan, count: 18)
                Canonical.sums(
                    of: pairs, count: 17, queries: queries.map(Double.init), rows: rows, dimension: dimension,
                    into: &sums)
                let expected = pairs.map { pair in
                    Oracle.sum(
                        Array(queries[Int(pair.query) * dimension..<Int(pair.query + 1) * dimension]),
                        Array(rows[Int(pair.row) * dimension..<Int(pair.row + 1) * dimension]))
                }
                #expect(sums.dropLast().map(\.bitPattern) == expected.map(\.bitPattern), "d = \(dimension)")
                #expect(sums[17].isNaN, "nothing is written past the last pair")
            }
        }
    }

    @Test func negativeZeroBecomesZero() {
        #expect(Canonical.score(sum: -0.0).bitPattern == 0)
        #expect(Canonical.score(sum: -1e-60).bitPattern == 0)
        #expect(Canonical.score(sum: -0.0, norms: 1).bitPattern == 0)
        #expect(Canonical.score(sum: 5, norms: 0) == 0)
    }
}
