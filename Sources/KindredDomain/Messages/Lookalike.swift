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

/// One stretch of an audience, best first.
package struct AudienceRows: Sendable, Equatable {
    /// Position of the first row in the whole audience.
    package var firstRow: UInt64
    package var ids: IDList
    /// One per id; empty when not wanted.
    package var scores: [Float]

    package init(firstRow: UInt64, ids: IDList, scores: [Float]) {
        self.firstRow = firstRow
        self.ids = ids
        self.scores = scores
    }
}

/// The last frame of a look-alike expansion.
package struct LookalikeSummary: Sendable, Equatable {
    package var origin: AnswerOrigin
    package var rows: UInt64 = 0
    package var seedsReceived: UInt64 = 0
    /// Distinct users of the model among the seeds.
    package var seedsMatched: UInt64 = 0
    package var seedsDuplicate: UInt64 = 0
    package var seedsUnmatched: UInt64 = 0
    package var rowsEligible: UInt64 = 0
    package var rowsScanned: UInt64 = 0
    /// CRC-32 over the ids in order: 8 bytes little-endian each, or the texts' bytes.
    package var checksum: UInt32 = 0
    /// The first unmatched seeds.
    package var unmatchedExamples: IDList = .empty

    package init(origin: AnswerOrigin) { self.origin = origin }
}
