public import KindredDomain

/// Stored vectors.
public struct Vectors: Sendable, Equatable {
    /// Which model answered.
    public var model: ModelName
    /// Which of its versions.
    public var version: UInt64
    /// Elements of each vector.
    public var dimension: Int
    /// One per id, in their order; nil where the model does not have the id.
    public var vectors: [[Float]?]
}
