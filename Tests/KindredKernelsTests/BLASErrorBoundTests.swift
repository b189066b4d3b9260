import KindredKernels
import TestSupport
import Testing

/// The installed BLAS library stays within the bound, on which discarding rows relies.
@Suite struct BLASErrorBoundTests {
    @Test func productsStayWithinTheBound() {
        var generator = SeededGenerator.announced()
        for dimension in [1, 2, 7, 16, 48, 64, 65, 127, 300] {
            let bound = BLASErrorBound(dimension: dimension)
            for queryCount in [1, 2, 5] {
                for scale in [1.0, 1e-22, 1e15] {
                    let rowCount = 40
                    let rows = (0..<rowCount * dimension).map { _ in Float(generator.normal() * scale) }
                    let queries = (0..<queryCount * dimension).map { _ in Float(generator.normal() * scale) }
                    var scores = Array(repeating: Float.nan, count: queryCount * rowCount)
                    BLAS.products(
                        queries: queries, queryCount: queryCount, rows: rows, rowCount: rowCount,
                        dimension: dimension, into: &scores)
                    for query in 0..<queryCount {
                        for row in 0..<rowCount {
                            let a = Array(queries[query * dimension..<(query + 1) * dimension])
                            let b = Array(rows[row * dimension..<(row + 1) * dimension])
                            let slack = bound.slack(
                                queryNorm: Oracle.sum(a, a).squareRoot(),
                                rowNorm: Oracle.sum(b, b).squareRoot())
                            let distance = (Double(scores[query * rowCount + row]) - Oracle.sum(a, b))
                                .magnitude
                            #expect(distance <= slack, "d \(dimension), scale \(scale)")
                        }
                    }
                }
            }
        }
    }
}
