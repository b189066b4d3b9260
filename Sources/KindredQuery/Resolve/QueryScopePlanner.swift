import KindredDomain
import KindredFilter
import KindredModel

/// Turns the queries of a request into ranking vectors, with the rows each is made of.
///
/// Call `begin` for a query. Where it returns nil, call `step` until that returns a value.
package struct QueryScopePlanner {
    /// A query's ranking vector, and the rows that it is made of.
    package struct Resolved {
        package var ranking: RankingVector
        /// Rows of the target.
        package var members: RowList
        /// Rows of items, ascending: the item of a query by item, the items of a basket, a blend or a fold-in.
        package var ownItems: RowList
        /// Rows of users: the user of a query by user, the users of a blend.
        package var ownUsers: RowList
    }

    package let generation: Generation
    package let target: GenerationSide
    private let queries: QueryBatch
    private let targetSide: Side
    private let source: GenerationSide?
    private let similarity: Similarity
    private let policy: UnknownIDPolicy
    private let blends: BlendResolver?
    private var foldIns: FoldInPlanner?

    /// Checks the parts of the request that all queries share.
    package init(scope: QueryScope, generation: Generation) throws(RequestFailure) {
        guard let target = generation.side(scope.target) else {
            throw .invalidArgument(.sideMissing(scope.target))
        }
        self.generation = generation
        self.target = target
        policy = scope.unknownIDs
        queries = scope.queries
        targetSide = scope.target
        var sourceSide: Side?
        var blends: BlendResolver?
        var foldIns: FoldInPlanner?
        switch scope.queries {
        case .users: sourceSide = .users
        case .items, .baskets: sourceSide = .items
        case .vectors(let elements, let count):
            let found = count == 0 ? 0 : elements.count / count
            guard found == generation.dimension, found * count == elements.count else {
                throw .dimensionMismatch(found: UInt64(found), expected: UInt64(generation.dimension))
            }
        case .blends(let lists):
            blends = try BlendResolver(blends: lists, generation: generation, policy: policy)
        case .foldIns(let lists):
            foldIns = try FoldInPlanner(
                clicks: lists, generation: generation, factors: generation.foldInFactors, policy: policy)
        }
        if let sourceSide {
            guard let side = generation.side(sourceSide) else {
                throw .invalidArgument(.sideMissing(sourceSide))
            }
            source = side
        } else {
            source = nil
        }
        self.blends = blends
        self.foldIns = foldIns
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

    /// The cost of resolving query `index`, in look-ups of one id. The steps of a fold-in are not in it.
    package func cost(ofQuery index: Int) -> Int {
        queries.lookups(ofQuery: index, dimension: generation.dimension)
    }

    /// The cost of resolving all queries, in look-ups of one id, with the steps of fold-ins.
    var cost: Int { queries.lookups(dimension: generation.dimension) }

    /// The ranking vector of query `index`, or what takes its place by the policy for unknown ids. Nil where the steps
    /// will find it.
    package mutating func begin(_ index: Int) throws(RequestFailure) -> LookedUp<Resolved>? {
        switch queries {
        case .users(let ids), .items(let ids):
            guard let row = try IDResolver(table: source!.table).row(ids, index) else {
                let side = source!.table.side
                if policy == .strict { throw .unknownID(ids[index], side) }
                return .nothing(policy, unknownCount: 1)
            }
            return .known(try stored(row), unknownCount: 0)
        case .vectors(let elements, _):
            let d = generation.dimension
            let vector = try QueryVector.given(elements[index * d..<(index + 1) * d])
            let ranking = try ranking(vector)
            return .known(
                Resolved(ranking: ranking, members: .none, ownItems: .none, ownUsers: .none), unknownCount: 0)
        case .baskets(let baskets):
            let (members, unknownCount) = try members(baskets, index)
            // Members without weight say nothing.
            if policy != .strict, members.allSatisfy({ $0.weight == 0 }) {
                return .nothing(policy, unknownCount: unknownCount)
            }
            return .known(try basket(members), unknownCount: unknownCount)
        case .blends:
            return try blends?.resolve(index).map { (blend) throws(RequestFailure) in try made(blend) }
        case .foldIns:
            return try foldIns?.begin(index)?.map { (visitor) throws(RequestFailure) in try made(visitor) }
        }
    }

    /// Works on the query that `begin` left to the steps, for about `productCount` multiply-adds. Nil while there is
    /// more to do.
    package func step(productCount: Int) throws(RequestFailure) -> LookedUp<Resolved>? {
        guard case .done(let visitor) = try foldIns?.step(productCount: productCount) else { return nil }
        return try visitor.map { (visitor) throws(RequestFailure) in try made(visitor) }
    }

    /// The row whose values `seed.` columns of a filter have: the item or the user of a query by one of them. Nil for
    /// other kinds of queries. `resolved` is nil for a query of which nothing is known: its values are NULL.
    package func seed(of resolved: Resolved?) -> FilterSeed? {
        let row: UInt32?
        switch queries.ownSide {
        case .users?: row = resolved?.ownUsers.first
        case .items?: row = resolved?.ownItems.first
        case nil: return nil
        }
        return source?.filterTable.map { FilterSeed($0, row: row) }
    }

    @inline(__always)
    private func stored(_ row: UInt32) throws(RequestFailure) -> Resolved {
        let side = source!.table.side
        return Resolved(
            ranking: try ranking(QueryVector(row: row, of: source!.table)),
            members: side == targetSide ? .one(row) : .none, ownItems: side == .items ? .one(row) : .none,
            ownUsers: side == .users ? .one(row) : .none)
    }

    @inline(__always)
    private func members(
        _ baskets: Baskets, _ index: Int
    ) throws(RequestFailure) -> (rows: [WeightedRow], unknownCount: Int) {
        guard policy != .strict || baskets.offsets[index] < baskets.offsets[index + 1] else {
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
        let rows = RowList(members.map(\.row))
        return Resolved(
            ranking: try ranking(vector), members: targetSide == .items ? rows : .none, ownItems: rows,
            ownUsers: .none)
    }

    private func made(_ blend: BlendResolver.Blend) throws(RequestFailure) -> Resolved {
        let (users, items) = (RowList(blend.users), RowList(blend.items))
        return Resolved(
            ranking: try ranking(blend.vector), members: targetSide == .items ? items : users,
            ownItems: items, ownUsers: users)
    }

    private func made(_ visitor: FoldInPlanner.Visitor) throws(RequestFailure) -> Resolved {
        let items = RowList(visitor.items)
        return Resolved(
            ranking: try ranking(visitor.vector), members: targetSide == .items ? items : .none,
            ownItems: items, ownUsers: .none)
    }

    private func ranking(_ vector: QueryVector) throws(RequestFailure) -> RankingVector {
        let ranking = RankingVector(
            vector, by: similarity, metric: generation.metric, dimension: generation.dimension)
        guard let ranking else { throw .invalidArgument(.zeroVectorUnderCosine) }
        return ranking
    }
}
