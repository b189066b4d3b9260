/// SCORE: the scores of given candidates for each query.
package struct ScoreRequest: Sendable, Equatable {
    package var scope: QueryScope
    package var candidates: RaggedIDs

    package init(scope: QueryScope, candidates: RaggedIDs) {
        self.scope = scope
        self.candidates = candidates
    }
}

/// The answer to SCORE: for query i the scores `offsets[i] ..< offsets[i + 1]`, in the candidates' order.
package struct ScoreResponse: Sendable, Equatable {
    package var origin: AnswerOrigin
    package var outcomes: [QueryOutcome]
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
