import KindredDomain

/// A boost of a request over one side: an effect, and the rows that it matches.
package struct Boost: Sendable {
    package let effect: BoostEffect
    package let rows: RowMask

    package init(_ effect: BoostEffect, rows: RowMask) {
        self.effect = effect
        self.rows = rows
    }

    /// Throws where some score of a magnitude of at most `score` would leave the range of float32, whichever of the
    /// boosts matched the row. A query of which this is true has finite boosted scores only.
    ///
    /// The sum of all effects that raise bounds every other choice of effects from above, since each effect never
    /// descends; likewise from below.
    package static func checkRange(
        of effects: some Sequence<BoostEffect>, scoresUpTo score: Float
    ) throws(RuleFailure) {
        var greatest = Double(score)
        var least = -Double(score)
        for case .multiply(let factor) in effects {
            if factor > 1 { greatest *= factor } else { least /= factor }
        }
        for case .add(let term) in effects {
            if term > 0 { greatest += term } else { least += term }
        }
        guard Float(greatest).isFinite else { throw .boostsOverflow(score: score) }
        guard Float(least).isFinite else { throw .boostsOverflow(score: -score) }
    }
}
