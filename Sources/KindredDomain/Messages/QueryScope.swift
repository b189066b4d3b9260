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

/// Baskets of items with weights.
package typealias Baskets = WeightedLists

/// Lists of ids with weights, one for each query. List i has the members `offsets[i] ..< offsets[i + 1]`.
package struct WeightedLists: Sendable, Equatable {
    /// The ids of all lists.
    package let members: IDList
    /// One more than there are lists; begins with 0 and never descends.
    package let offsets: [UInt32]
    /// One weight per member; nil when all are 1.
    package let weights: [Float]?

    /// Number of lists.
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

/// The treatment of ids that the model does not have.
package enum UnknownIDPolicy: UInt8, Sendable, CaseIterable {
    /// A query with an unknown id fails with UNKNOWN_ID.
    case strict = 0
    /// Unknown members are left out. A query whose own id, or whose members are all unknown has no rows.
    case skip = 1
    /// Unknown members are left out. A query whose own id, or whose members are all unknown gets popular rows.
    case fallback = 2
}
