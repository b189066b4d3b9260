import KindredKernels
import KindredQuery
import TestSupport
import Testing

/// No row whose canonical score reaches the threshold is dropped, and the rule is not so wide that it drops nothing.
@Suite struct DiscardRuleTests {
    /// A finite score of any size and sign.
    private func score(_ generator: inout SeededGenerator) -> Float {
        let exponent = Int.random(in: -40...40, using: &generator)
        return Float(generator.normal()) * Float(sign: .plus, exponent: exponent, significand: 1)
    }

    @Test func numbersBelowTheFloorRoundBelowTheThreshold() {
        var generator = SeededGenerator.announced()
        for threshold in [0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 1, -1]
            + (0..<500).map({ _ in score(&generator) })
        {
            let floor = DiscardRule.roundingFloor(of: threshold)
            #expect(Float(floor.nextDown) < threshold, "\(threshold)")
            #expect(Float(floor.nextUp) >= threshold, "\(threshold)")
        }
        #expect(DiscardRule.roundingFloor(of: -.infinity) == -.infinity)
    }

    @Test func roundingDownStaysBelow() {
        var generator = SeededGenerator.announced()
        for _ in 0..<500 {
            let value = Double(score(&generator)) * generator.uniform()
            let lowered = DiscardRule.roundedDown(value)
            #expect(Double(lowered) <= value)
            #expect(Double(lowered.nextUp.nextUp) >= value)
        }
    }

    /// Vectors of one element: the row is parallel to the query, so its inner product is the greatest of its norm.
    @Test func rowsOfLesserNormDoNotReachTheThreshold() {
        var generator = SeededGenerator.announced()
        for _ in 0..<500 {
            let query = abs(score(&generator))
            let threshold = abs(score(&generator))
            let least = DiscardRule.leastNorm(threshold: threshold, queryNorm: Double(query))
            #expect(least >= 0.999_999 * Double(threshold) / Double(query))
            var row = Float(least)
            if Double(row) >= least { row = row.nextDown }
            guard row >= 0 else { continue }
            #expect(Float(Double(query) * Double(row)) < threshold, "query \(query), threshold \(threshold)")
        }
    }

    @Test func noNormIsTooSmallForAThresholdOfZeroOrLess() {
        for threshold: Float in [0, -1, -.infinity] {
            #expect(DiscardRule.leastNorm(threshold: threshold, queryNorm: 1) == 0)
        }
        #expect(DiscardRule.leastNorm(threshold: 1, queryNorm: 0) == 0)
    }

    /// One query against rows of a shape, with everything the rule is asked about.
    private struct Products {
        let rule: DiscardRule
        let queryNorm: Double
        let rowNorms: [Double]
        /// Canonical sums, and the float32 products of BLAS.
        let sums: [Double]
        let approximate: [Float]

        init(_ shape: VectorShape, _ generator: inout SeededGenerator) {
            let dimension = Int.random(in: 1...200, using: &generator)
            let rows = shape.rows(count: 100, dimension: dimension, using: &generator)
            let query = VectorShape.flat.rows(count: 1, dimension: dimension, using: &generator)[0]
            rule = DiscardRule(dimension: dimension)
            queryNorm = Oracle.sum(query, query).squareRoot()
            rowNorms = rows.map { Oracle.sum($0, $0).squareRoot() }
            sums = rows.map { Oracle.sum(query, $0) }
            var scores = Array(repeating: Float.nan, count: rows.count)
            BLAS.products(
                queries: query, queryCount: 1, rows: rows.flatMap { $0 }, rowCount: rows.count,
                dimension: dimension, into: &scores)
            approximate = scores
        }
    }

    @Test(arguments: VectorShape.allCases)
    func productsThatMayReachTheThresholdAreKept(_ shape: VectorShape) {
        var generator = SeededGenerator.announced()
        for _ in 0..<20 {
            let products = Products(shape, &generator)
            let threshold = Float(products.sums.randomElement(using: &generator)!) + 0
            let rowNormMax = products.rowNorms.max()!
            let limit = products.rule.limit(
                threshold: threshold, queryNorm: products.queryNorm, rowNormMax: rowNormMax)
            for (sum, approximate) in zip(products.sums, products.approximate) {
                #expect(Float(sum) < threshold || approximate >= limit)
                let bound = products.rule.lowerBound(
                    approximate: approximate, queryNorm: products.queryNorm, rowNormMax: rowNormMax)
                #expect(bound <= sum)
            }
            let slack = 1e-4 * products.queryNorm * rowNormMax + 1e-30
            #expect(Double(limit) >= Double(threshold) - slack, "the limit is not far below")
        }
    }

    @Test(arguments: VectorShape.allCases)
    func cosinesThatMayReachTheThresholdAreKept(_ shape: VectorShape) {
        var generator = SeededGenerator.announced()
        for _ in 0..<20 {
            let products = Products(shape, &generator)
            let normMin = products.rowNorms.filter { $0 > 0 }.min() ?? .infinity
            guard !products.rule.cosineUnderflows(queryNorm: products.queryNorm, rowNormMin: normMin)
            else { continue }
            let cosines = zip(products.sums, products.rowNorms).map { sum, norm in
                norm == 0 ? 0 : sum / (products.queryNorm * norm)
            }
            let threshold = Float(cosines.randomElement(using: &generator)!) + 0
            let factor = products.rule.cosineFactor(threshold: threshold, queryNorm: products.queryNorm)
            for index in cosines.indices {
                let approximate = products.approximate[index]
                let isKept = approximate >= factor * Float(products.rowNorms[index])
                #expect(Float(cosines[index]) < threshold || isKept)
                let bound = products.rule.cosineLowerBound(
                    approximate: approximate, queryNorm: products.queryNorm, rowNorm: products.rowNorms[index]
                )
                #expect(bound <= cosines[index])
            }
            #expect(Double(factor) >= (Double(threshold) - 1e-4) * products.queryNorm)
        }
    }

    @Test func everythingIsKeptWithoutThreshold() {
        let rule = DiscardRule(dimension: 64)
        #expect(rule.limit(threshold: -.infinity, queryNorm: 1, rowNormMax: 1) == -.infinity)
        #expect(rule.cosineFactor(threshold: -.infinity, queryNorm: 1) == -.infinity)
    }

    @Test func tinyNormsUnderflow() {
        let rule = DiscardRule(dimension: 64)
        #expect(rule.cosineUnderflows(queryNorm: 0x1p-81, rowNormMin: 1))
        #expect(rule.cosineUnderflows(queryNorm: 1, rowNormMin: 0x1p-81))
        #expect(rule.cosineUnderflows(queryNorm: 0x1p-41, rowNormMin: 0x1p-40))
        #expect(!rule.cosineUnderflows(queryNorm: 0x1p-40, rowNormMin: 0x1p-40))
    }
}
