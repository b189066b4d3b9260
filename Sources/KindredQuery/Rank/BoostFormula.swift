import KindredDomain

/// The boosted score of the rows that the same boosts match, as a function of the canonical score.
///
/// A plain value: its numbers lie in memory of `RowBoosts`. The function never descends: each step of it is monotone,
/// and so is each rounding.
package struct BoostFormula {
    /// The factors, in their order, then the terms.
    let numbers: UnsafePointer<Double>
    let factorCount: Int
    let termCount: Int
    /// About the product of the factors and the sum of the terms.
    private let product: Double
    private let sum: Double
    /// For `mayReach`: the product and its inverse, or NaN where one of them is near the ends of float64.
    private let factor: Double
    private let inverseFactor: Double
    /// The sum of the terms' magnitudes.
    private let termMagnitude: Double

    /// Within these, products of the factors lose no digits to underflow.
    private static let factorRange = 0x1p-900...0x1p900

    /// The formula of `factorCount` factors and `termCount` terms.
    package init(numbers: UnsafePointer<Double>, factorCount: Int, termCount: Int) {
        self.numbers = numbers
        self.factorCount = factorCount
        self.termCount = termCount
        var product = 1.0
        var sum = 0.0
        var isUsual = true
        for index in 0..<factorCount {
            product *= numbers[index]
            isUsual = isUsual && Self.factorRange.contains(product)
        }
        var magnitude = 0.0
        for index in factorCount..<factorCount + termCount {
            sum += numbers[index]
            magnitude += numbers[index].magnitude
        }
        self.product = product
        self.sum = sum
        factor = isUsual ? product : .nan
        inverseFactor = isUsual ? 1 / product : .nan
        termMagnitude = magnitude
    }

    /// False only where the boosted score of a row of canonical score `score` is below `target`. Cheaper than the
    /// score.
    ///
    /// The rounding errors of the score and of this sum are below 2^-20 of the magnitudes that they add; 2^-148 covers
    /// float32 near 0. True where a number is NaN.
    @inline(__always)
    package func mayReach(_ target: Float, from score: Float) -> Bool {
        let value = Double(score)
        let wanted = Double(target)
        let scaled = value * (value >= 0 ? factor : inverseFactor)
        let slack = 0x1p-20 * (scaled.magnitude + termMagnitude + wanted.magnitude) + 0x1p-148
        return !(scaled + sum + slack < wanted)
    }

    /// The boosted score of a row of canonical score `score`.
    package func boosted(_ score: Float) -> Float {
        var value = Double(score)
        for index in 0..<factorCount {
            value = value >= 0 ? value * numbers[index] : value / numbers[index]
        }
        for index in factorCount..<factorCount + termCount { value += numbers[index] }
        return Float(value) + 0
    }

    /// Neighbours of the first guess that are tried before the search.
    private static let neighboursMax = 4

    /// The least finite score whose boosted score reaches `target`: minus infinity where all reach it, the greatest
    /// finite float32 where none does.
    package func leastScore(reaching target: Float) -> Float {
        guard target > -.infinity else { return -.infinity }
        let rest = Double(target) - sum
        // Rounding moves the inverse by a few neighbours, unless a large term makes many scores equal.
        var score = Float(rest >= 0 ? rest / product : rest * product)
        guard score.isFinite else { return searched(target) }
        if boosted(score) >= target {
            for _ in 0..<Self.neighboursMax {
                let below = score.nextDown
                if boosted(below) < target { return below.isFinite ? score + 0 : -.infinity }
                score = below
            }
        } else {
            for _ in 0..<Self.neighboursMax {
                score = score.nextUp
                if boosted(score) >= target { return min(score, .greatestFiniteMagnitude) }
            }
        }
        return searched(target)
    }

    /// The same by bisection of all finite float32.
    private func searched(_ target: Float) -> Float {
        if boosted(-.greatestFiniteMagnitude) >= target { return -.infinity }
        let first = Int(RankingKey.ordered(-.greatestFiniteMagnitude))
        let last = Int(RankingKey.ordered(.greatestFiniteMagnitude))
        let found = (first..<last).partitioningIndex {
            boosted(RankingKey.score(ordered: UInt32(truncatingIfNeeded: $0))) >= target
        }
        return RankingKey.score(ordered: UInt32(truncatingIfNeeded: found)) + 0
    }
}
