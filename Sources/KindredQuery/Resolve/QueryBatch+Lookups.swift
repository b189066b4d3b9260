import KindredDomain

/// The cost of making vectors of queries, in look-ups of one id. A member is looked up, and its vector is added.
extension QueryBatch {
    /// The side of the row whose values `seed.` columns have; nil where a query has no row of its own.
    var ownSide: Side? {
        switch self {
        case .users: .users
        case .items: .items
        case .vectors, .baskets, .blends, .foldIns: nil
        }
    }

    /// Multiply-adds that take about as long as looking up one id.
    static let productsPerLookup = 64

    /// The cost of looking up query `index`. The steps of a fold-in are not in it.
    func lookups(ofQuery index: Int, dimension: Int) -> Int {
        func count(_ offsets: [UInt32]?) -> Int { offsets.map { Int($0[index + 1] - $0[index]) } ?? 0 }
        let perMember = 1 + dimension / Self.productsPerLookup
        switch self {
        case .users, .items: return 1
        case .vectors: return perMember
        case .baskets(let baskets): return 1 + count(baskets.offsets) * perMember
        case .foldIns(let clicks): return 1 + count(clicks.offsets)
        case .blends(let blends):
            let members =
                count(blends.users?.offsets) + count(blends.items?.offsets) + count(blends.vectors?.offsets)
            return 1 + members * perMember
        }
    }

    /// The cost of all queries, with the steps of fold-ins.
    func lookups(dimension: Int) -> Int {
        if case .users = self { return count }
        if case .items = self { return count }
        var sum = 0
        for index in 0..<count { sum += lookups(ofQuery: index, dimension: dimension) }
        guard case .foldIns(let clicks) = self else { return sum }
        for index in 0..<count {
            let items = Int(clicks.offsets[index + 1] - clicks.offsets[index])
            sum += FoldInSolver.cost(itemCount: items, dimension: dimension) / Self.productsPerLookup
        }
        return sum
    }

    /// Bytes that folding in the visitors takes, one after another; 0 for other queries.
    package func foldInByteCount(dimension: Int) -> Int {
        guard case .foldIns(let clicks) = self else { return 0 }
        let most = zip(clicks.offsets, clicks.offsets.dropFirst()).reduce(0) { max($0, Int($1.1 - $1.0)) }
        return most == 0 ? 0 : FoldInSolver.byteCount(itemCount: most, dimension: dimension)
    }

    /// Items that queries are made of, over all queries, as far as they do not depend on what users have seen.
    var ownItemCount: Int {
        switch self {
        case .users, .vectors: 0
        case .items(let ids): ids.count
        case .baskets(let lists), .foldIns(let lists): lists.members.count
        case .blends(let blends): blends.items?.members.count ?? 0
        }
    }
}
