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

/// The answer to RECOMMEND: for query i the results `offsets[i] ..< offsets[i + 1]`, best first.
package struct RecommendResponse: Sendable, Equatable {
    package var origin: AnswerOrigin
    package var outcomes: [QueryOutcome]
    package var offsets: [UInt32]
    package var ids: IDList
    /// One per id; empty when the request did not want them.
    package var scores: [Float]
    package var columns: [ResultColumn]

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
