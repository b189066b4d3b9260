public import KindredDomain

/// One item of a basket.
public struct BasketMember: Sendable, Hashable {
    /// The item.
    public var item: ExternalID
    /// Finite; may be negative.
    public var weight: Float

    /// An item with a weight.
    public init(_ item: ExternalID, weight: Float = 1) {
        self.item = item
        self.weight = weight
    }
}
