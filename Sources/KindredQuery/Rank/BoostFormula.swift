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

    /// The formula of `factorCount` factors and `termCount` terms.
    package init(numbers: UnsafePointer<Double>, factorCount: Int, termCount: Int) {
        self.numbers = numbers
        self.factorCount = factorCount
        self.termCount = termCount
        var product = 1.0
        var sum = 0.0
        for index in 0..<factorCount { product *= numbers[index] }
        for index in factorCount..<factorCount + termCount { sum += numbers[index] }
        self.product = product
        self.sum = sum
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
