/// The part that RECOMMEND and SCORE share: queries against one side of one model.
package struct QueryScope: Sendable, Equatable {
    /// Nil: the server's default model.
    package var model: ModelName?
    /// The version that must answer, or 0 for the active one.
    package var version: UInt64 = 0
    /// At least one.
    package var queries: QueryBatch
    /// The side whose rows are scored.
    package var target: Side
    /// Nil: the default for the kind of query and the target (`QueryScopePlanner.defaultSimilarity`).
    package var similarity: Similarity?
    /// The treatment of queries with unknown ids.
    package var unknownIDs: UnknownIDPolicy = .strict

    package init(
        model: ModelName? = nil, version: UInt64 = 0, queries: QueryBatch, target: Side,
        similarity: Similarity? = nil
    ) {
        self.model = model
        self.version = version
        self.queries = queries
        self.target = target
        self.similarity = similarity
    }
}

/// The queries of one request: all of one kind.
package enum QueryBatch: Sendable, Equatable {
    /// By user: the query is the user's vector.
    case users(IDList)
    /// By item: the query is the item's vector.
    case items(IDList)
    /// By vector: `count` vectors, row-major.
    case vectors(elements: [Float], count: Int)
    /// By basket of items: the weighted mean of the members' vectors.
    case baskets(Baskets)
    /// By blend of users, items and vectors: their weighted mean.
    case blends(Blends)
    /// By items with weights: the vector that training would give their user.
    case foldIns(Baskets)

    /// Number of queries.
    package var count: Int {
        switch self {
        case .users(let ids), .items(let ids): ids.count
        case .vectors(_, let count): count
        case .baskets(let baskets), .foldIns(let baskets): baskets.count
        case .blends(let blends): blends.count
        }
    }
}

/// Blends of users, items and vectors with weights. Blend i has the lists at index i; a part that is nil is empty in
/// all of them.
package struct Blends: Sendable, Equatable {
    package let users: Baskets?
    package let items: Baskets?
    package let vectors: WeightedVectors?
    /// Number of blends.
    package let count: Int

    /// Nil unless there is a part, and all parts have the same number of lists.
    package init?(users: Baskets?, items: Baskets?, vectors: WeightedVectors?) {
        let counts = [users?.count, items?.count, vectors?.count].compactMap(\.self)
        guard let count = counts.first, counts.allSatisfy({ $0 == count }) else { return nil }
        self.users = users
        self.items = items
        self.vectors = vectors
        self.count = count
    }

    /// Members of blend `index`, of all parts.
    package func memberCount(of index: Int) -> Int {
        [users?.offsets, items?.offsets, vectors?.offsets].reduce(0) { count, offsets in
            count + (offsets.map { Int($0[index + 1] - $0[index]) } ?? 0)
        }
    }
}

/// Lists of vectors with weights. List i has the vectors `offsets[i] ..< offsets[i + 1]`.
package struct WeightedVectors: Sendable, Equatable {
    /// The vectors of all lists, row-major.
    package let elements: [Float]
    /// One more than there are lists; begins with 0 and never descends.
    package let offsets: [UInt32]
    /// One weight per vector; nil when all are 1.
    package let weights: [Float]?
    /// Elements of a vector; 0 where there is no vector.
    package let dimension: Int

    /// Number of lists.
    package var count: Int { offsets.count - 1 }

    /// Nil unless the offsets are valid, all vectors have as many elements, and there are no weights or one per vector.
    package init?(elements: [Float], offsets: [UInt32], weights: [Float]?) {
        guard offsets.first == 0, zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            return nil
        }
        let vectorCount = Int(offsets[offsets.count - 1])
        guard
            vectorCount == 0
                ? elements.isEmpty : elements.count >= vectorCount && elements.count % vectorCount == 0,
            weights.map({ $0.count == vectorCount }) ?? true
        else { return nil }
        self.elements = elements
        self.offsets = offsets
        self.weights = weights
        dimension = vectorCount == 0 ? 0 : elements.count / vectorCount
    }
}

/// Baskets of items with weights. Basket i has the members `offsets[i] ..< offsets[i + 1]`.
package struct Baskets: Sendable, Equatable {
    /// The items of all baskets.
    package let members: IDList
    /// One more than there are baskets; begins with 0 and never descends.
    package let offsets: [UInt32]
    /// One weight per member; nil when all are 1.
    package let weights: [Float]?

    /// Number of baskets.
    package var count: Int { offsets.count - 1 }

    /// Nil unless `members` has one list for each basket, and as many weights as members, if any.
    package init?(members: RaggedIDs, weights: [Float]?) {
        guard let offsets = members.offsets, weights.map({ $0.count == members.ids.count }) ?? true else {
            return nil
        }
        self.members = members.ids
        self.offsets = offsets
        self.weights = weights
    }
}

/// The treatment of a query whose id the model does not have.
package enum UnknownIDPolicy: UInt8, Sendable {
    /// The query fails with UNKNOWN_ID.
    case strict = 0
    /// Unknown members are left out; a query of which nothing is left is empty.
    case skip = 1
    /// Unknown members are left out; a query of which nothing is left is answered with popular rows.
    case fallback = 2
}
