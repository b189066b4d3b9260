/// What a boost does to the scores of the rows that match its filter.
///
/// A boosted score is computed in float64 from the canonical score: every matching `multiply` in the order of the
/// request, then every matching `add` in that order, then one rounding to float32; -0 becomes +0.
public enum BoostEffect: Sendable, Hashable {
    /// Turns s into s * m where s >= 0, and into s / m where s < 0, so that m > 1 always raises. Finite and above 0.
    case multiply(Double)
    /// Turns s into s + a. Finite.
    case add(Double)
}

extension BoostEffect {
    /// Throws where there are too many effects of one request, or a parameter is outside its range.
    package static func check(_ effects: [BoostEffect], limits: Limits = .standard) throws(RuleFailure) {
        guard effects.count <= limits.boostsMax else {
            throw .tooManyBoosts(effects.count, limit: Int(limits.boostsMax))
        }
        for (number, effect) in effects.enumerated() { try effect.check(number) }
    }

    /// Throws where the parameter is outside its range. `number` is the boost's place in the request, from 0 on.
    package func check(_ number: Int) throws(RuleFailure) {
        switch self {
        case .multiply(let factor):
            guard factor.isFinite else { throw .boostNotFinite(boost: number, value: factor) }
            guard factor > 0 else { throw .factorNotPositive(boost: number, value: factor) }
        case .add(let term):
            guard term.isFinite else { throw .boostNotFinite(boost: number, value: term) }
        }
    }
}
