/// The outcome of one query of a batch.
package struct QueryOutcome: Sendable, Equatable {
    /// Nil: answered.
    package var failure: RequestFailure?
    /// True where the answer is the exact top k. Every answered query is exact.
    package var isExact: Bool
    /// True where the answer is popular rows in place of scored ones.
    package var isFallback = false
    /// Rows that could be in the answer: of the target, allowed, not excluded.
    package var rowsEligible: UInt64
    /// Rows whose score, or a bound of it, was computed. A diagnostic: it depends on the engine.
    package var rowsScanned: UInt64

    package init(rowsEligible: UInt64, rowsScanned: UInt64) {
        failure = nil
        isExact = true
        self.rowsEligible = rowsEligible
        self.rowsScanned = rowsScanned
    }

    package init(failure: RequestFailure) {
        self.failure = failure
        isExact = false
        rowsEligible = 0
        rowsScanned = 0
    }
}

/// The model that answered, and the time it took.
package struct AnswerOrigin: Sendable, Equatable {
    package var model: ModelName
    package var version: UInt64
    /// Time between reading the request and starting on it.
    package var queueMicroseconds: UInt32 = 0
    /// Time spent on the answer, shared scans included.
    package var computeMicroseconds: UInt32 = 0

    package init(model: ModelName, version: UInt64) {
        self.model = model
        self.version = version
    }
}
