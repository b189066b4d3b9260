import KindredDomain
import KindredKernels
import KindredQuery
import TestSupport
import Testing

/// The thresholds that scan kernels get are a little below the exact ones, and never above.
@Suite struct KernelThresholdTests {
    private func query(_ elements: [Float], _ similarity: Similarity) -> Int8Query {
        var codes = Array(repeating: Int8(0), count: CodeEncoder.queryStride(dimension: elements.count))
        let norm = Oracle.sum(elements, elements).squareRoot()
        return Int8Query(
            elements, dimension: elements.count, scoring: Scoring(similarity: similarity, queryNorm: norm),
            kernel: .chosen, into: &codes)
    }

    @Test(arguments: Similarity.allCases)
    func thresholdsAreRoundedDownByLittle(_ similarity: Similarity) {
        var generator = SeededGenerator.announced()
        for _ in 0..<500 {
            let elements = VectorShape.flat.rows(count: 1, dimension: 24, using: &generator)[0]
            let query = query(elements, similarity)
            let norm = Oracle.sum(elements, elements).squareRoot()
            let score =
                similarity == .dot
                ? Float(generator.normal() * 100) : Float.random(in: -1...1, using: &generator)
            let threshold = KernelThreshold(threshold: score, of: query)
            let floor = DiscardRule.roundingFloor(of: score)
            let (exact, found, other) =
                similarity == .dot
                ? (floor / query.code.scale, threshold.constant, threshold.perNorm)
                : (floor * norm / query.code.scale, threshold.perNorm, threshold.constant)
            #expect(other == 0)
            #expect(Double(found) <= exact)
            #expect(Double(found) >= exact - exact.magnitude * 0x1p-20)
        }
    }

    @Test func noThresholdKeepsEveryRow() {
        for similarity in Similarity.allCases {
            let query = query([1, 2], similarity)
            #expect(KernelThreshold(threshold: -.infinity, of: query) == .keepsAll)
        }
    }

    @Test func impossibleCosinesKeepNothingOrEverything() {
        let query = query([1, 2], .cosine)
        #expect(KernelThreshold(threshold: 2.5, of: query) == .keepsNone)
        #expect(KernelThreshold(threshold: -2.5, of: query) == .keepsAll)
        #expect(KernelThreshold(threshold: 1, of: query).perNorm > 0)
    }
}
