/// Why a request's boosts, caps or diversity are refused. The numbers of boosts and caps are their places in the
/// request, from 0 on.
package enum RuleFailure: Error, Sendable, Equatable {
    /// A factor or term that is NaN or infinite.
    case boostNotFinite(boost: Int, value: Double)
    /// A factor of 0 or less.
    case factorNotPositive(boost: Int, value: Double)
    case tooManyBoosts(Int, limit: Int)
    /// The query may have scores up to `score` (or down to it, where it is negative), which the boosts turn into
    /// numbers beyond the range of float32.
    case boostsOverflow(score: Float)
    case capIsZero(cap: Int)
    case tooManyCaps(Int, limit: Int)
    /// The weight of diversity is NaN or outside 0 to 1.
    case diversityOutOfRange(Double)
    /// The pool, or `offset + k` where diversity is asked for, is above the limit.
    case poolTooLarge(UInt64, limit: Int)
    /// `end` is offset + k.
    case poolTooSmall(Int, end: Int)
    /// offset + k is above the limit of k.
    case windowTooLarge(end: UInt64, limit: Int)
}

extension RuleFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .boostNotFinite(let boost, let value):
            "the \(Ordinal.text(boost)) boost has the value \(value): a finite number"
        case .factorNotPositive(let boost, let value):
            "the \(Ordinal.text(boost)) boost multiplies by \(value): a number above 0"
        case .tooManyBoosts(let count, let limit): "\(count) boosts: at most \(limit)"
        case .boostsOverflow(let score):
            "the boosts take a score of \(score), which this query may have, beyond the range of float32: "
                + "give factors nearer to 1 and terms nearer to 0"
        case .capIsZero(let cap): "the \(Ordinal.text(cap)) cap is 0 results: at least 1"
        case .tooManyCaps(let count, let limit): "\(count) caps: at most \(limit)"
        case .diversityOutOfRange(let weight): "diversity is \(weight): 0 to 1"
        case .poolTooLarge(let rows, let limit): "diversity over \(rows) rows: at most \(limit)"
        case .poolTooSmall(let rows, let end):
            "a pool of \(rows) rows: at least \(end), the rows up to the last one that is asked for"
        case .windowTooLarge(let end, let limit): "offset and k are \(end) together: at most \(limit)"
        }
    }
}
