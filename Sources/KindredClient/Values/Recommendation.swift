public import KindredDomain

/// One winner.
public struct Recommendation: Sendable, Equatable {
    /// Of the target's side.
    public var id: ExternalID
    /// The canonical score.
    public var score: Float
    /// The wanted columns by name; absent values are not there.
    public var columns: [String: ColumnValue]
}
