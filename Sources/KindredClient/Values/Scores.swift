public import KindredDomain

/// The scores of candidates for one query.
public struct Scores: Sendable, Equatable {
    /// Which model answered.
    public var model: ModelName
    /// Which of its versions.
    public var version: UInt64
    /// One per candidate, in their order; nil where the model does not have the candidate.
    public var scores: [Float?]
}
