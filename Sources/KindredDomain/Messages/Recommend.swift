/// RECOMMEND: the best k rows of the target for each query.
package struct RecommendRequest: Sendable, Equatable {
    /// The queries and the side to recommend from.
    package var scope: QueryScope
    /// Results for each query, at least 1.
    package var k: UInt32
    /// False: the reply carries ids only.
    package var wantsScores = true
    /// True: the query's own item, user or basket members may be in the answer.
    package var includesMembers = false
    /// Ids that must not be in the answer.
    package var exclusions: RaggedIDs?
    /// The only ids that may be in the answer; nil: all.
    package var candidates: RaggedIDs?
    /// The least score of a result, inclusive: one for all queries, or one for each. Empty: none.
    package var minimumScores: [Float] = []
    /// Names of the catalog columns that come with each result.
    package var columns: [String] = []
    /// Nil: no rules.
    package var rules: RecommendRules?

    package init(scope: QueryScope, k: UInt32) {
        self.scope = scope
        self.k = k
    }
}

/// The answer to RECOMMEND: for query i the results `offsets[i] ..< offsets[i + 1]`, best first.
package struct RecommendResponse: Sendable, Equatable {
    /// The model and version that answered, and their times.
    package var origin: AnswerOrigin
    /// One for each query.
    package var outcomes: [QueryOutcome]
    /// One more than there are queries; begins with 0 and never descends.
    package var offsets: [UInt32]
    /// The results of all queries.
    package var ids: IDList
    /// One per id; empty when the request did not want them.
    package var scores: [Float]
    /// The requested columns, each with one value for each id.
    package var columns: [ResultColumn]
    /// Each query's ids that the model does not have; nil under the strict policy.
    package var unknownIDs: [UInt32]?
    /// The items that results are near to; nil where the request did not want them.
    package var because: BecauseList?
    /// Rows of each query that are not eligible because an earlier one returned them; nil where rows may be repeated.
    package var rowsTaken: [UInt64]?

    package init(
        origin: AnswerOrigin, outcomes: [QueryOutcome], offsets: [UInt32], ids: IDList, scores: [Float],
        columns: [ResultColumn]
    ) {
        self.origin = origin
        self.outcomes = outcomes
        self.offsets = offsets
        self.ids = ids
        self.scores = scores
        self.columns = columns
    }
}

/// For each result the nearest of its query's own items, or none.
package struct BecauseList: Sendable, Equatable {
    /// The items of the results that have one, in their order.
    package var ids: IDList
    /// One per result.
    package var found: [Bool]

    package init(ids: IDList, found: [Bool]) {
        self.ids = ids
        self.found = found
    }

    /// Items before one result.
    package func items(before result: Int) -> Int { found[..<result].count(where: \.self) }

    /// Items before each result, and before the end.
    package var foundBefore: [Int] {
        var counts = [0]
        counts.reserveCapacity(found.count + 1)
        var count = 0
        for isFound in found {
            if isFound { count += 1 }
            counts.append(count)
        }
        return counts
    }
}
