import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Boosted scores, their inverse, and the parameters that are refused.
@Suite struct BoostTests {
    private func withFormula<Result>(
        _ factors: [Double], _ terms: [Double], _ body: (BoostFormula) -> Result
    ) -> Result {
        // One more, so that there is a first one.
        (factors + terms + [0]).withUnsafeBufferPointer {
            body(
                BoostFormula(
                    numbers: $0.baseAddress!, factorCount: factors.count, termCount: terms.count))
        }
    }

    @Test func factorsAboveOneRaiseEveryScore() {
        withFormula([2], []) { formula in
            #expect(formula.boosted(3) == 6)
            #expect(formula.boosted(-3) == -1.5)
            #expect(formula.boosted(0) == 0)
        }
        withFormula([0.5], []) { formula in
            #expect(formula.boosted(3) == 1.5)
            #expect(formula.boosted(-3) == -6)
        }
    }

    @Test func theSumIsRoundedOnceAndNeverMinusZero() {
        // Each rounding to float32 on the way would lose the term.
        withFormula([], [0x1p-25, 1, -1]) { #expect($0.boosted(0x1p-25) == 0x1p-24) }
        withFormula([1e-30, 1e-30], []) { #expect($0.boosted(1).bitPattern == 0) }
        withFormula([], [1]) { #expect($0.boosted(-1).bitPattern == 0) }
    }

    private func number(_ generator: inout SeededGenerator) -> Float {
        let exponent = Int.random(in: -140...120, using: &generator)
        return Float(generator.normal()) * Float(sign: .plus, exponent: exponent, significand: 1) + 0
    }

    @Test func theLeastScoreIsExact() {
        var generator = SeededGenerator.announced()
        for _ in 0..<20_000 {
            let factors = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                [0.5, 3, 1 + generator.uniform(), 1e-20, 1e12].randomElement(using: &generator)!
            }
            let terms = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                [1, -0.1, generator.normal(), 1e9, -1e25].randomElement(using: &generator)!
            }
            withFormula(factors, terms) { formula in
                let score = number(&generator)
                // A score that some other has, or any.
                let target = Bool.random(using: &generator) ? formula.boosted(score) : number(&generator)
                guard target.isFinite else { return }
                let least = formula.leastScore(reaching: target)
                let setting = "seed \(generator.seed): \(factors) \(terms), target \(target), least \(least)"
                if least == -.infinity {
                    #expect(formula.boosted(-.greatestFiniteMagnitude) >= target, "\(setting)")
                } else {
                    #expect(formula.boosted(least.nextDown) < target, "\(setting)")
                    let isNone = least == .greatestFiniteMagnitude
                    #expect(isNone || formula.boosted(least) >= target, "\(setting)")
                }
            }
        }
        withFormula([2], [1]) { #expect($0.leastScore(reaching: -.infinity) == -.infinity) }
    }

    /// The cheap test refuses no score that reaches the target, and most of those that do not.
    @Test func whatMayReachATarget() {
        var generator = SeededGenerator.announced()
        var refused = 0
        var below = 0
        for _ in 0..<50_000 {
            let factors = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                [0.5, 3, 1 + generator.uniform(), 1e-20, 1e12, 1e-300, 0x1p-899].randomElement(
                    using: &generator)!
            }
            let terms = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                [1, -0.1, generator.normal(), 1e9, -1e25, 1e25].randomElement(using: &generator)!
            }
            withFormula(factors, terms) { formula in
                let score = [0, number(&generator)].randomElement(using: &generator)!
                let boosted = formula.boosted(score)
                // A score near the boosted one, or any.
                let target = [boosted.nextUp, boosted, boosted.nextDown, 0, number(&generator)].randomElement(
                    using: &generator)!
                guard target.isFinite else { return }
                let mayReach = formula.mayReach(target, from: score)
                let setting = "seed \(generator.seed): \(factors) \(terms), score \(score), target \(target)"
                #expect(mayReach || boosted < target, "\(setting)")
                if boosted < target { below += 1 }
                if !mayReach { refused += 1 }
            }
        }
        #expect(refused * 10 > below * 3, "\(refused) of \(below)")
        withFormula([2], [1]) {
            #expect($0.mayReach(-.infinity, from: -1) && $0.mayReach(1, from: .infinity))
        }
        // The intermediate results are beyond float64, and their product is not.
        withFormula([1e-160, 1e-160, 1e160, 1e160], []) { #expect($0.mayReach($0.boosted(1), from: 1)) }
    }

    /// A term so large that all scores become equal.
    @Test func aTermThatMakesAllScoresEqualHasTheLeastOfThem() {
        withFormula([], [1e30]) { formula in
            let least = formula.leastScore(reaching: 1e30)
            #expect(least < -1e20)
            #expect(formula.boosted(least) == 1e30 && formula.boosted(least.nextDown) < 1e30)
        }
    }

    @Test func aHigherScoreIsNeverBoostedBelowALowerOne() {
        var generator = SeededGenerator.announced()
        for _ in 0..<5_000 {
            let factors = (0..<2).map { _ in 2 * generator.uniform() }
            withFormula(factors, [generator.normal() * 1e6, generator.normal()]) { formula in
                let (one, two) = (number(&generator), number(&generator))
                let isOrdered = formula.boosted(min(one, two)) <= formula.boosted(max(one, two))
                #expect(isOrdered, "\(one) and \(two) by \(factors)")
            }
        }
    }

    // MARK: Refusals

    @Test func parametersAreFiniteAndFactorsPositive() throws {
        for effect in [BoostEffect.multiply(.leastNonzeroMagnitude), .multiply(1e300), .add(-1e300), .add(0)]
        {
            try effect.check(0)
        }
        for factor in [0, -0.0, -1] {
            #expect(throws: RuleFailure.factorNotPositive(boost: 3, value: factor)) {
                try BoostEffect.multiply(factor).check(3)
            }
        }
        #expect(throws: RuleFailure.boostNotFinite(boost: 1, value: .infinity)) {
            try BoostEffect.multiply(.infinity).check(1)
        }
        #expect(throws: RuleFailure.boostNotFinite(boost: 2, value: -.infinity)) {
            try BoostEffect.add(-.infinity).check(2)
        }
        #expect(throws: RuleFailure.self) { try BoostEffect.multiply(.nan).check(0) }
        #expect(throws: RuleFailure.self) { try BoostEffect.add(.nan).check(0) }
    }

    @Test func boostsAreFew() throws {
        let limit = Int(Limits.standard.boostsMax)
        try BoostEffect.check(Array(repeating: .add(1), count: limit))
        #expect(throws: RuleFailure.tooManyBoosts(limit + 1, limit: limit)) {
            try BoostEffect.check(Array(repeating: .add(1), count: limit + 1))
        }
        #expect(throws: RuleFailure.factorNotPositive(boost: 1, value: 0)) {
            try BoostEffect.check([.add(1), .multiply(0)])
        }
    }

    @Test func scoresThatCouldLeaveFloat32AreRefused() throws {
        let greatest = Double(Float.greatestFiniteMagnitude)
        try Boost.checkRange(of: [.multiply(greatest)], scoresUpTo: 1)
        try Boost.checkRange(of: [.multiply(1 / greatest)], scoresUpTo: 1)
        #expect(throws: RuleFailure.boostsOverflow(score: 1.5)) {
            try Boost.checkRange(of: [.multiply(greatest)], scoresUpTo: 1.5)
        }
        #expect(throws: RuleFailure.boostsOverflow(score: -1.5)) {
            try Boost.checkRange(of: [.multiply(1 / greatest)], scoresUpTo: 1.5)
        }
        // A row may match the first boost and not the second.
        #expect(throws: RuleFailure.boostsOverflow(score: 1)) {
            try Boost.checkRange(of: [.add(1e39), .add(-1e39)], scoresUpTo: 1)
        }
        #expect(throws: RuleFailure.boostsOverflow(score: -1)) {
            try Boost.checkRange(of: [.add(-1e39)], scoresUpTo: 1)
        }
        // Float64 overflows too.
        #expect(throws: RuleFailure.boostsOverflow(score: 1)) {
            try Boost.checkRange(of: [.multiply(1e300), .multiply(1e300)], scoresUpTo: 1)
        }
    }

    /// The bound is the product of the norms under the inner product, and 1 under cosine.
    @Test func theBoundComesFromTheQuery() throws {
        let generation = try Generation.sample(items: [[3], [0.5]], metric: .dot)
        let codes = generation.items!.codes
        let boosts = RowBoosts(
            [Boost(.multiply(1e38), rows: RowMask(rows: [], codes: codes))], codes: codes, fetchCount: 1)
        func ranking(_ query: Float, _ similarity: Similarity) -> RankingVector {
            RankingVector(QueryVector(made: [query]), similarity: similarity)
        }
        try boosts.checkRange(of: ranking(1, .dot))
        try boosts.checkRange(of: ranking(100, .cosine))
        #expect(throws: RuleFailure.self) { try boosts.checkRange(of: ranking(1.2, .dot)) }
    }

    // MARK: Listed rows

    /// Few rows that a boost puts in front are scored one by one: as a threshold of all rows theirs would be none.
    @Test func fewRowsInFrontAreListed() throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: 2_000, dimension: 4, using: &generator)
        let codes = try Generation.sample(items: rows, metric: .dot).items!.codes
        let few: [UInt32] = [5, 77, 1_999]
        let many = Array(UInt32(0)..<1_000)
        func listed(_ boosts: [(BoostEffect, [UInt32])]) -> [UInt32] {
            let boosts = boosts.map { Boost($0, rows: RowMask(rows: $1, codes: codes)) }
            return RowBoosts(boosts, codes: codes, fetchCount: 10).listed?.rows.sorted() ?? []
        }
        #expect(listed([(.add(5), few)]) == few)
        #expect(listed([(.add(5), few), (.multiply(2), many)]) == few)
        #expect(listed([(.add(5), many)]) == [])
        // Rows that are put behind weaken no threshold.
        #expect(listed([(.add(-5), few)]) == [])
    }
}
