/// The score of two vectors.
public enum Similarity: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// The inner product.
    case dot = 1
    /// The inner product divided by both norms. A row of norm 0 scores 0.
    case cosine = 2

    /// `dot` or `cosine`.
    public var description: String {
        switch self {
        case .dot: "dot"
        case .cosine: "cosine"
        }
    }
}
