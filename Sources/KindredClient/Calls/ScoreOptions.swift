public import KindredDomain

/// What may be asked of scores.
public struct ScoreOptions: Sendable {
    /// Which model answers, and how long to wait.
    public var call = CallOptions()
    /// What the candidates are.
    public var target: Side = .items
    /// Nil: the model's metric, but cosine between two of one side.
    public var similarity: Similarity?

    /// The defaults.
    public init() {}
}
