public import KindredDomain

/// What a recommendation or a score is asked for.
public enum Query: Sendable, Hashable {
    /// The user's vector.
    case user(ExternalID)
    /// The item's vector.
    case item(ExternalID)
    /// A vector of the model's dimension, finite, its norm at most 2^60.
    case vector([Float])
    /// The weighted mean of the members' vectors.
    case basket([BasketMember])
}
