import KindredDomain

/// What a query comes to once its ids are looked up.
package enum LookedUp<Value> {
    /// The query has a value. `unknownCount` of its members are unknown and left out.
    case known(Value, unknownCount: Int)
    /// Its own id is unknown, or it has no known member: it has no rows.
    case empty(unknownCount: Int)
    /// Its own id is unknown, or it has no known member: popular rows take the place of scored ones.
    case fallback(unknownCount: Int)

    /// A query of which nothing is known. The policy is not strict: a strict query fails at its first
    /// unknown id, and where it has no members.
    static func nothing(_ policy: UnknownIDPolicy, unknownCount: Int) -> LookedUp {
        switch policy {
        case .strict: preconditionFailure("a strict query with an unknown id fails")
        case .skip: .empty(unknownCount: unknownCount)
        case .fallback: .fallback(unknownCount: unknownCount)
        }
    }
}

extension LookedUp {
    /// Nil where nothing is known of the query.
    package var value: Value? {
        if case .known(let value, _) = self { value } else { nil }
    }

    /// The same with the value replaced by what a function makes of it.
    func map<Other>(
        _ body: (Value) throws(RequestFailure) -> Other
    ) throws(RequestFailure) -> LookedUp<Other> {
        switch self {
        case .known(let value, let unknownCount): .known(try body(value), unknownCount: unknownCount)
        case .empty(let unknownCount): .empty(unknownCount: unknownCount)
        case .fallback(let unknownCount): .fallback(unknownCount: unknownCount)
        }
    }
}

extension LookedUp: Sendable where Value: Sendable {}
