/// The two kinds of vectors a model has.
public enum Side: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// What is recommended: products, films, pages.
    case items = 1
    /// Who it is recommended to, and what audiences are made of.
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
