public import KindredDomain

/// The subject of a recommendation or a score: a vector, or where to find one.
///
/// ```swift
/// let queries: [Query] = [
///     .user("17850"), .item("22423"), .vector([0.1, -0.4, 0.3]),
///     .basket([BasketMember("22423", weight: 2), BasketMember("22699")]),
/// ]
/// ```
public enum Query: Sendable, Hashable {
    /// The user's vector.
    case user(ExternalID)
    /// The item's vector.
    case item(ExternalID)
    /// A vector of the model's dimension, with finite elements and a norm of at most 2^60.
    case vector([Float])
    /// The weighted mean of the vectors of 1 to 512 items.
    case basket([BasketMember])
}

/// An item of a basket and its weight.
public struct BasketMember: Sendable, Hashable {
    /// The item's id.
    public var item: ExternalID
    /// Finite; may be negative.
    public var weight: Float

    /// A member of a basket.
    public init(_ item: ExternalID, weight: Float = 1) {
        self.item = item
        self.weight = weight
    }
}

extension QueryBatch {
    /// The queries as columns; all must be of one kind.
    ///
    /// Throws INVALID_ARGUMENT for none, for several kinds, and for vectors of several dimensions.
    init(_ queries: [Query]) throws(KindredError) {
        guard let first = queries.first else {
            throw KindredError(RequestFailure.invalidArgument(.noQueries))
        }
        switch first {
        case .user:
            self = .users(
                IDList(try Self.collect(queries) { if case .user(let id) = $0 { id } else { nil } }))
        case .item:
            self = .items(
                IDList(try Self.collect(queries) { if case .item(let id) = $0 { id } else { nil } }))
        case .vector(let vector):
            let vectors = try Self.collect(queries) {
                if case .vector(let elements) = $0 { elements } else { nil }
            }
            for other in vectors where other.count != vector.count {
                throw KindredError(
                    RequestFailure.dimensionMismatch(
                        found: UInt64(other.count), expected: UInt64(vector.count)))
            }
            self = .vectors(elements: Array(vectors.joined()), count: vectors.count)
        case .basket:
            let baskets = try Self.collect(queries) {
                if case .basket(let members) = $0 { members } else { nil }
            }
            self = .baskets(try Self.columns(baskets))
        }
    }

    private static func collect<T>(_ queries: [Query], _ value: (Query) -> T?) throws(KindredError) -> [T] {
        var values: [T] = []
        values.reserveCapacity(queries.count)
        for query in queries {
            guard let value = value(query) else {
                throw KindredError(
                    .invalidArgument, "a batch has queries of one kind: all users, or all items, ...")
            }
            values.append(value)
        }
        return values
    }

    private static func columns(_ baskets: [[BasketMember]]) throws(KindredError) -> Baskets {
        var offsets: [UInt32] = [0]
        for basket in baskets {
            offsets.append(UInt32(clamping: Int(offsets[offsets.count - 1]) + basket.count))
        }
        let members = baskets.joined()
        let weights = members.contains { $0.weight != 1 } ? members.map(\.weight) : nil
        guard let lists = RaggedIDs(ids: IDList(members.map(\.item)), offsets: offsets),
            let columns = Baskets(members: lists, weights: weights)
        else { throw KindredError(.limitExceeded, "the baskets have more than 2^32 members") }
        return columns
    }
}
