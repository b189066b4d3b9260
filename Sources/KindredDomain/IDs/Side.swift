/// The two sets of vectors of a model.
public enum Side: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// Products, films, pages: rows to recommend.
    case items = 1
    /// Customers, visitors: rows that get recommendations and form audiences.
    case users = 2

    /// `items` or `users`.
    public var description: String {
        switch self {
        case .items: "items"
        case .users: "users"
        }
    }

    /// `item` or `user`.
    package var singular: String {
        switch self {
        case .items: "item"
        case .users: "user"
        }
    }
}
