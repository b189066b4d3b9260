/// Why seeds make no weight vector.
package enum ScorerFailure: Error, Sendable, Equatable {
    /// A weight that is not finite, or 0. `seed` is its place in the order of the request.
    case seedWeight(seed: Int, value: Float)
    /// The version has no alpha and lambda.
    case foldInNotOffered
    /// No seed has a weight above 0.
    case noPositiveSeed(Scorer)
    /// No user is left that seeds could be compared with.
    case noOtherUsers(Scorer)
    /// All users have the same vector, or nearly: `variance` is 0, or what sums in float64 leave of it.
    case noVariation(Scorer, variance: Double)
    /// An equation, counted from 0, has no solution in float64.
    case unsolvable(Scorer, equation: Int)
    /// The weight vector is the zero vector.
    case noDirection(Scorer)
    /// The norm of the weight vector is above 2^60, or not a number.
    case normTooLarge(Scorer, norm: Double)
}

extension ScorerFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .seedWeight(let seed, let value):
            "the weight of seed \(seed) (counted from 0) is \(value): finite and not 0"
        case .foldInNotOffered:
            "this version has no scorer foldin: pack it with the alpha and lambda of its training"
        case .noPositiveSeed(let scorer): "\(scorer) needs a seed of a weight above 0"
        case .noOtherUsers(let scorer):
            "\(scorer) has nobody to compare the seeds with: all users of its sample are seeds"
        case .noVariation(let scorer, let variance):
            "\(scorer) cannot tell users apart: their vectors have the variance \(variance)"
        case .unsolvable(let scorer, let equation):
            "\(scorer) has no solution: equation \(equation) is singular in float64; ask for centroid"
        case .noDirection(let scorer):
            "the seeds cancel: the weight vector of \(scorer) is the zero vector"
        case .normTooLarge(let scorer, let norm):
            "the weight vector of \(scorer) has the norm \(norm): at most 2^60; ask for centroid"
        }
    }
}
