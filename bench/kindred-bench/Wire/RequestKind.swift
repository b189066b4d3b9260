/// What a request of a load asks for.
enum RequestKind: String, CaseIterable, Codable, Sendable {
    case ping
    /// Items for a user.
    case user
    /// Items like an item.
    case item
    /// Items for a basket of items.
    case basket
    /// Items for a user, some of them excluded or some alone allowed.
    case filtered
    /// Items for many users in one request.
    case batch
    /// Users like some seeds.
    case lookalike
}
