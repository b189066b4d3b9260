/// LOOKALIKE: opens an expansion. Its seeds are in the request, in DATA frames that follow, or in both.
package struct LookalikeRequest: Sendable, Equatable {
    /// Nil: the server's default model.
    package var model: ModelName?
    /// The version that must answer, or 0 for the active one.
    package var version: UInt64 = 0
    /// The score of the audience's users.
    package var scorer: LookalikeScorer = .centroid
    /// Nil: cosine.
    package var similarity: Similarity?
    /// How many users, or down to which score.
    package var size: AudienceSize
    /// True: seeds may be in the audience.
    package var includesSeeds = false
    /// False: DATA has ids only.
    package var wantsScores = true
    /// Body bytes of DATA that the server may send before it needs a WINDOW; 0: the server's default.
    package var windowBytes: UInt64 = 0
    /// Seeds in the request itself.
    package var seeds: IDList = .empty

    package init(size: AudienceSize) { self.size = size }
}

/// Consecutive rows of an audience, best first.
package struct AudienceRows: Sendable, Equatable {
    /// Position of the first row in the whole audience.
    package var firstRow: UInt64
    /// The users, or the seeds on the way up.
    package var ids: IDList
    /// One for each id; empty when not wanted.
    package var scores: [Float]

    package init(firstRow: UInt64, ids: IDList, scores: [Float]) {
        self.firstRow = firstRow
        self.ids = ids
        self.scores = scores
    }
}

/// The last frame of a look-alike expansion.
package struct LookalikeSummary: Sendable, Equatable {
    /// The model and version that answered, and their times.
    package var origin: AnswerOrigin
    /// Rows of the whole audience.
    package var rows: UInt64 = 0
    /// Seeds that arrived; the sum of the three following.
    package var seedsReceived: UInt64 = 0
    /// Distinct users of the model among the seeds.
    package var seedsMatched: UInt64 = 0
    /// Seeds that repeat an earlier one.
    package var seedsDuplicate: UInt64 = 0
    /// Seeds that are not users of the model.
    package var seedsUnmatched: UInt64 = 0
    /// Users that could be in the audience.
    package var rowsEligible: UInt64 = 0
    /// Users whose score, or a bound of it, was computed. A diagnostic.
    package var rowsScanned: UInt64 = 0
    /// CRC-32 over the ids in order: 8 bytes little-endian each, or the texts' bytes.
    package var checksum: UInt32 = 0
    /// The first few unmatched seeds.
    package var unmatchedExamples: IDList = .empty

    package init(origin: AnswerOrigin) { self.origin = origin }
}

/// The score of an audience's users. A closed set: each has one pure function in the engine.
package enum LookalikeScorer: UInt8, Sendable {
    /// Similarity to the mean of the seeds.
    case centroid = 1
}

/// A way to make a weight vector from seeds. A closed set: each is a pure function in the engine.
package enum Scorer: String, Sendable, CaseIterable {
    /// The mean of the seeds.
    case centroid
    /// The direction in which seeds differ from all users, against the users' covariance.
    case contrast
    /// The vector that ALS training would give an item that the seeds had taken.
    case foldin
    /// Logistic regression of seeds against a sample of users.
    case logistic
    /// The sum of contrast, foldin and logistic, each in its standard deviations.
    case blend
}
