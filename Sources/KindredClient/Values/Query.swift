public import KindredDomain

/// The subject of a recommendation or a score: a vector, or where to find one.
///
/// ```swift
/// let queries: [Query] = [
///     .user("17850"), .item("22423"), .vector([0.1, -0.4, 0.3]),
///     .basket([BasketMember("22423", weight: 2), BasketMember("22699")]),
///     .clicks([BasketMember("22423", weight: 2), BasketMember("22699")]),
///     .blend([.user("17850"), .item("22423", weight: 0.5), .vector([0.1, -0.4, 0.3], weight: 0.2)]),
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
    /// The vector that training would give a visitor with these 1 to 512 items; weights are above 0. Needs a version
    /// with the training's alpha and lambda.
    case clicks([BasketMember])
    /// The weighted mean of 1 to 512 vectors of users, of items and of the caller.
    case blend([BlendMember])
}

/// A vector of a blend and its weight.
public enum BlendMember: Sendable, Hashable {
    /// A user's vector.
    case user(ExternalID, weight: Float = 1)
    /// An item's vector.
    case item(ExternalID, weight: Float = 1)
    /// A vector of the model's dimension.
    case vector([Float], weight: Float = 1)
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
        case .clicks:
            let clicks = try Self.collect(queries) {
                if case .clicks(let members) = $0 { members } else { nil }
            }
            self = .foldIns(try Self.columns(clicks))
        case .blend:
            let blends = try Self.collect(queries) {
                if case .blend(let members) = $0 { members } else { nil }
            }
            self = .blends(try Blends(columnsOf: blends))
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

    fileprivate static func columns(_ baskets: [[BasketMember]]) throws(KindredError) -> Baskets {
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

extension Blends {
    /// The members of blends as columns. A kind of member that no blend has is left out.
    fileprivate init(columnsOf blends: [[BlendMember]]) throws(KindredError) {
        let users = blends.map {
            $0.compactMap {
                if case .user(let id, let weight) = $0 { BasketMember(id, weight: weight) } else { nil }
            }
        }
        let items = blends.map {
            $0.compactMap {
                if case .item(let id, let weight) = $0 { BasketMember(id, weight: weight) } else { nil }
            }
        }
        let vectors = try WeightedVectors(columnsOf: blends)
        let hasUsers = users.contains { !$0.isEmpty }
        let hasItems = items.contains { !$0.isEmpty }
        let columns = Blends(
            users: hasUsers ? try QueryBatch.columns(users) : nil,
            items: hasItems ? try QueryBatch.columns(items) : nil,
            vectors: hasUsers || hasItems ? (vectors.dimension > 0 ? vectors : nil) : vectors)
        guard let columns else { throw KindredError(RequestFailure.invalidArgument(.noQueries)) }
        self = columns
    }
}

extension WeightedVectors {
    /// The vectors of blends as columns. Throws DIMENSION_MISMATCH for vectors of several dimensions.
    fileprivate init(columnsOf blends: [[BlendMember]]) throws(KindredError) {
        var elements: [Float] = []
        var weights: [Float] = []
        var offsets: [UInt32] = [0]
        var dimension: Int?
        for blend in blends {
            for case .vector(let vector, let weight) in blend {
                guard vector.count == dimension ?? vector.count else {
                    throw KindredError(
                        RequestFailure.dimensionMismatch(
                            found: UInt64(vector.count), expected: UInt64(dimension ?? 0)))
                }
                dimension = vector.count
                elements += vector
                weights.append(weight)
            }
            offsets.append(UInt32(clamping: weights.count))
        }
        let isWeighted = weights.contains { $0 != 1 }
        guard
            let lists = WeightedVectors(
                elements: elements, offsets: offsets, weights: isWeighted ? weights : nil)
        else { throw KindredError(RequestFailure.dimensionMismatch(found: 0, expected: 1)) }
        self = lists
    }
}
