public import KindredDomain

/// What may be asked of a recommendation.
public struct RecommendOptions: Sendable {
    /// Which model answers, and how long to wait.
    public var call = CallOptions()
    /// What is recommended.
    public var target: Side = .items
    /// Nil: the model's metric, but cosine between two of one side.
    public var similarity: Similarity?
    /// Ids that must not appear.
    public var exclude: [ExternalID] = []
    /// Only these may appear; nil: all.
    public var candidates: [ExternalID]?
    /// Inclusive.
    public var minimumScore: Float?
    /// True: the query's own item, user or basket members may appear.
    public var includesMembers = false
    /// Catalog columns wanted with the winners.
    public var columns: [String] = []

    /// The defaults.
    public init() {}
}
