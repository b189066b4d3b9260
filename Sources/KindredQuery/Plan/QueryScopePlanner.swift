import KindredDomain
import KindredModel

/// Turns the queries of a request into ranking vectors, with the rows each is made of.
package struct QueryScopePlanner {
    /// A query's ranking vector, and the rows of the target that it is made of.
    package struct Resolved {
        package var ranking: RankingVector
        package var members: [UInt32]
    }

    package let generation: Generation
    package let target: GenerationSide
    private let queries: QueryBatch
    private let targetSide: Side
    private let source: GenerationSide?
    private let similarity: Similarity
    private let policy: UnknownIDPolicy

    /// Checks the parts of the request that all queries share.
    package init(
        scope: QueryScope, generation: Generation, policy: UnknownIDPolicy = .strict
    ) throws(RequestFailure) {
        guard let target = generation.side(scope.target) else {
            throw .invalidArgument(.sideMissing(scope.target))
        }
        self.generation = generation
        self.target = target
        self.policy = policy
        queries = scope.queries
        targetSide = scope.target
        let sourceSide: Side?
        switch scope.queries {
        case .users: sourceSide = .users
        case .items, .baskets: sourceSide = .items
        case .vectors(let elements, let count):
            sourceSide = nil
            let found = count == 0 ? 0 : elements.count / count
            guard found == generation.dimension, found * count == elements.count else {
                throw .dimensionMismatch(found: UInt64(found), expected: UInt64(generation.dimension))
            }
        }
        if let sourceSide {
            guard let side = generation.side(sourceSide) else {
                throw .invalidArgument(.sideMissing(sourceSide))
            }
            source = side
        } else {
            source = nil
        }
        similarity = scope.similarity ?? Self.defaultSimilarity(of: scope, metric: generation.metric)
    }

    /// The model's metric; but cosine between an item and items, or a user and users, because there the inner product
    /// finds popular rows instead of similar ones.
    private static func defaultSimilarity(of scope: QueryScope, metric: Similarity) -> Similarity {
        switch (scope.queries, scope.target) {
        case (.items, .items), (.users, .users): .cosine
        default: metric
        }
    }

    /// The cost of resolving query `index`, in look-ups of one id. A basket's members are looked up and added.
    package func cost(ofQuery index: Int) -> Int {
        switch queries {
        case .users, .items: 1
        case .vectors: 1 + generation.dimension / 64
        case .baskets(let baskets):
            1 + Int(baskets.offsets[index + 1] - baskets.offsets[index]) * (1 + generation.dimension / 64)
        }
    }

    /// The ranking vector of query `index`, or what takes its place by the policy for unknown ids.
    package func lookUp(_ index: Int) throws(RequestFailure) -> LookedUp<Resolved> {
        if policy == .strict { return .known(try resolve(index), unknownCount: 0) }
        switch queries {
        case .vectors: return .known(try resolve(index), unknownCount: 0)
        case .users(let ids), .items(let ids):
            guard let row = try IDResolver(table: source!.table).row(ids, index) else {
                return .nothing(policy, unknownCount: 1)
            }
            return .known(try stored(row, side: source!.table.side), unknownCount: 0)
        case .baskets(let baskets):
            let (members, unknownCount) = try members(baskets, index)
            if members.isEmpty { return .nothing(policy, unknownCount: unknownCount) }
            return .known(try basket(members), unknownCount: unknownCount)
        }
    }

    /// The ranking vector of query `index`. The policy is strict, or all ids are known.
    package func resolve(_ index: Int) throws(RequestFailure) -> Resolved {
        switch queries {
        case .users(let ids): return try stored(ids, index, side: .users)
        case .items(let ids): return try stored(ids, index, side: .items)
        case .vectors(let elements, _):
            let d = generation.dimension
            let vector = try QueryVector.given(elements[index * d..<(index + 1) * d])
            return Resolved(ranking: try ranking(vector), members: [])
        case .baskets(let baskets): return try basket(try members(baskets, index).rows)
        }
    }

    private func stored(_ ids: IDList, _ index: Int, side: Side) throws(RequestFailure) -> Resolved {
        guard let row = try IDResolver(table: source!.table).row(ids, index) else {
            throw .unknownID(ids[index], side)
        }
        return try stored(row, side: side)
    }

    @inline(__always)
    private func stored(_ row: UInt32, side: Side) throws(RequestFailure) -> Resolved {
        Resolved(
            ranking: try ranking(QueryVector(row: row, of: source!.table)),
            members: side == targetSide ? [row] : [])
    }

    @inline(__always)
    private func members(
        _ baskets: Baskets, _ index: Int
    ) throws(RequestFailure) -> (rows: [WeightedRow], unknownCount: Int) {
        guard baskets.offsets[index] < baskets.offsets[index + 1] else {
            throw .invalidArgument(.emptyBasket)
        }
        return try MemberResolver(table: source!.table, use: .basket, policy: policy).rows(baskets, index)
    }

    @inline(__always)
    private func basket(_ members: [WeightedRow]) throws(RequestFailure) -> Resolved {
        var mean = MeanVector(dimension: generation.dimension)
        mean.add(members, of: source!.table)
        guard let vector = mean.finish(), vector.norm > 0 else { throw .invalidArgument(.weightsCancel) }
        guard vector.norm <= Limits.normMax else { throw .invalidArgument(.normTooLarge(vector.norm)) }
        return Resolved(
            ranking: try ranking(vector), members: targetSide == .items ? members.map(\.row) : [])
    }

    private func ranking(_ vector: QueryVector) throws(RequestFailure) -> RankingVector {
        let ranking = RankingVector(
            vector, by: similarity, metric: generation.metric, dimension: generation.dimension)
        guard let ranking else { throw .invalidArgument(.zeroVectorUnderCosine) }
        return ranking
    }
}
