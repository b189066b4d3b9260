/// SCORE: the scores of the given candidates for each query.
package struct ScoreRequest: Sendable, Equatable {
    /// The queries and the side of the candidates.
    package var scope: QueryScope
    /// One list for all queries, or one for each.
    package var candidates: RaggedIDs
    /// The filter that candidates must pass to be found; nil: all pass.
    package var filter: Filter?

    package init(scope: QueryScope, candidates: RaggedIDs) {
        self.scope = scope
        self.candidates = candidates
    }
}

/// The answer to SCORE: for query i the scores `offsets[i] ..< offsets[i + 1]`, in the candidates' order.
package struct ScoreResponse: Sendable, Equatable {
    /// The model and version that answered, and their times.
    package var origin: AnswerOrigin
    /// One for each query.
    package var outcomes: [QueryOutcome]
    /// One more than there are queries; begins with 0 and never descends.
    package var offsets: [UInt32]
    /// 0 where `found` is false.
    package var scores: [Float]
    /// False where the model does not have the candidate.
    package var found: [Bool]

    package init(
        origin: AnswerOrigin, outcomes: [QueryOutcome], offsets: [UInt32], scores: [Float], found: [Bool]
    ) {
        self.origin = origin
        self.outcomes = outcomes
        self.offsets = offsets
        self.scores = scores
        self.found = found
    }
}
