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

    package var count: Int {
        switch self {
        case .users(let ids), .items(let ids): ids.count
        case .vectors(_, let count): count
        case .baskets(let baskets): baskets.count
        }
    }
}

/// Baskets of items with weights. Basket i has the members `offsets[i] ..< offsets[i + 1]`.
package struct Baskets: Sendable, Equatable {
    package let members: IDList
    package let offsets: [UInt32]
    /// One weight per member; nil when all are 1.
    package let weights: [Float]?

    package var count: Int { offsets.count - 1 }

    /// Nil unless the offsets partition the members and the weights, if any, match them.
    package init?(members: RaggedIDs, weights: [Float]?) {
        guard let offsets = members.offsets, weights.map({ $0.count == members.ids.count }) ?? true else {
            return nil
        }
        self.members = members.ids
        self.offsets = offsets
        self.weights = weights
    }
}

/// What RECOMMEND and SCORE have in common: queries against one side of one model.
package struct QueryScope: Sendable, Equatable {
    /// Nil: the server's default model.
    package var model: ModelName?
    /// The version that must answer, or 0 for whatever serves.
    package var version: UInt64 = 0
    package var queries: QueryBatch
    package var target: Side
    /// Nil: the default for the kind of query and the target (`QueryScopePlanner.defaultSimilarity`).
    package var similarity: Similarity?

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

/// RECOMMEND: the best k rows of the target for each query.
package struct RecommendRequest: Sendable, Equatable {
    package var scope: QueryScope
    package var k: UInt32
    package var unknownIDs: UnknownIDPolicy = .strict
    /// False: the reply carries ids only.
    package var wantsScores = true
    /// True: the query's own item, user or basket members may appear in the answer.
    package var includesMembers = false
    /// Ids that must not appear.
    package var exclusions: RaggedIDs?
    /// Allow-list: only these may appear.
    package var candidates: RaggedIDs?
    /// Inclusive; one for all queries, or one each. Empty: none.
    package var minimumScores: [Float] = []
    /// Names of catalog columns wanted with the winners.
    package var columns: [String] = []

    package init(scope: QueryScope, k: UInt32) {
        self.scope = scope
        self.k = k
    }
}

/// SCORE: the scores of given candidates for each query.
package struct ScoreRequest: Sendable, Equatable {
    package var scope: QueryScope
    package var candidates: RaggedIDs

    package init(scope: QueryScope, candidates: RaggedIDs) {
        self.scope = scope
        self.candidates = candidates
    }
}

/// GET_VECTORS: the stored vectors of ids.
package struct VectorsRequest: Sendable, Equatable {
    package var model: ModelName?
    package var version: UInt64
    package var side: Side
    package var ids: IDList

    package init(model: ModelName? = nil, version: UInt64 = 0, side: Side, ids: IDList) {
        self.model = model
        self.version = version
        self.side = side
        self.ids = ids
    }
}

/// LOOKALIKE: opens an expansion. Its seeds come with it, in DATA frames after it, or both.
package struct LookalikeRequest: Sendable, Equatable {
    package var model: ModelName?
    package var version: UInt64 = 0
    package var scorer: LookalikeScorer = .centroid
    /// Nil: cosine.
    package var similarity: Similarity?
    package var size: AudienceSize
    package var includesSeeds = false
    package var wantsScores = true
    /// Body bytes of DATA that the server may send before the first WINDOW; 0: the server's default.
    package var windowBytes: UInt64 = 0
    package var seeds: IDList = .empty

    package init(size: AudienceSize) { self.size = size }
}

/// MODEL_LOAD: look at the repository now.
package struct ModelLoadRequest: Sendable, Equatable {
    package var model: ModelName?
    /// The version that must be loaded afterwards, or 0 for whatever is newest.
    package var version: UInt64

    package init(model: ModelName?, version: UInt64 = 0) {
        self.model = model
        self.version = version
    }
}

/// MODEL_ACTIVATE and MODEL_ROLLBACK: compare-and-swap on the active version.
package struct ModelSwitchRequest: Sendable, Equatable {
    package enum Goal: Sendable, Equatable {
        /// Serve this version and pin it.
        case version(UInt64)
        /// Serve the newest version and follow newer ones.
        case latest
        /// Serve the previously active version and pin it.
        case previous
    }

    package var model: ModelName?
    package var goal: Goal
    /// The version the caller believes to be active; 0: any.
    package var expectedActive: UInt64

    package init(model: ModelName?, goal: Goal, expectedActive: UInt64 = 0) {
        self.model = model
        self.goal = goal
        self.expectedActive = expectedActive
    }
}
