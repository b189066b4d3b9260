/// The settings of ALS with which a version was trained, for folding in visitors.
///
/// They mean what they mean in the library `implicit`: an item of weight w has confidence `alpha * w`, every other item
/// has confidence 1, and `lambda` is the regularization.
public struct FoldInParameters: Sendable, Hashable {
    /// Above 0, at most 2^60.
    public let alpha: Double
    /// From 0 to 2^60.
    public let lambda: Double

    /// Throws for the first setting out of its range.
    public init(alpha: Double, lambda: Double) throws(FoldInParameterFailure) {
        guard alpha > 0, alpha <= Limits.foldInSettingMax else { throw .alpha(alpha) }
        guard lambda >= 0, lambda <= Limits.foldInSettingMax else { throw .lambda(lambda) }
        self.alpha = alpha
        self.lambda = lambda
    }
}

/// A setting out of its range.
public enum FoldInParameterFailure: Error, Sendable, Equatable {
    case alpha(Double)
    case lambda(Double)
}

extension FoldInParameterFailure: CustomStringConvertible {
    /// The setting, its value, and what would be right.
    public var description: String {
        switch self {
        case .alpha(let value): "alpha is \(value): above 0, at most 2^60"
        case .lambda(let value): "lambda is \(value): 0 to 2^60"
        }
    }
}
