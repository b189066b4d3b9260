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

    /// Checks the parts of the request that all queries share.
    package init(scope: QueryScope, generation: Generation) throws(RequestFailure) {
        guard let target = generation.side(scope.target) else {
            throw .invalidArgument(.sideMissing(scope.target))
        }
        self.generation = generation
        self.target = target
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

    /// The ranking vector of query `index`.
    package func resolve(_ index: Int) throws(RequestFailure) -> Resolved {
        switch queries {
        case .users(let ids): return try stored(ids, index, side: .users)
        case .items(let ids): return try stored(ids, index, side: .items)
        case .vectors(let elements, _):
            let d = generation.dimension
            let vector = try QueryVector.given(elements[index * d..<(index + 1) * d])
            return Resolved(ranking: try ranking(vector), members: [])
        case .baskets(let baskets): return try basket(baskets, index)
        }
    }

    private func stored(_ ids: IDList, _ index: Int, side: Side) throws(RequestFailure) -> Resolved {
        let table = source!.table
        guard let row = try IDResolver(table: table).row(ids, index) else {
            throw .unknownID(ids[index], side)
        }
        return Resolved(
            ranking: try ranking(QueryVector(row: row, of: table)), members: side == targetSide ? [row] : [])
    }

    private func basket(_ baskets: Baskets, _ index: Int) throws(RequestFailure) -> Resolved {
        let range = Int(baskets.offsets[index])..<Int(baskets.offsets[index + 1])
        guard !range.isEmpty else { throw .invalidArgument(.emptyBasket) }
        let table = source!.table
        let resolver = IDResolver(table: table)
        var members: [(row: UInt32, weight: Float)] = []
        members.reserveCapacity(range.count)
        for position in range {
            guard let row = try resolver.row(baskets.members, position) else {
                throw .unknownID(baskets.members[position], .items)
            }
            let weight = baskets.weights?[position] ?? 1
            guard weight.isFinite else {
                throw .invalidArgument(.weightNotFinite(member: position - range.lowerBound, value: weight))
            }
            members.append((row, weight))
        }
        // Weight breaks ties, so that the order of a duplicate member in the request does not change a bit.
        members.sort { ($0.row, $0.weight) < ($1.row, $1.weight) }
        var mean = MeanVector(dimension: generation.dimension)
        for member in members { mean.add(table.vector(ofRow: member.row), weight: member.weight) }
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
