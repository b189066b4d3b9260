/// How one query of a batch ended.
package struct QueryOutcome: Sendable, Equatable {
    /// Nil: answered.
    package var failure: RequestFailure?
    /// True where the answer is the exact top k. Every answered query is exact today; the field says so.
    package var isExact: Bool
    /// Rows that could have been in the answer: of the target, allowed, not excluded.
    package var rowsEligible: UInt64
    /// Rows whose score, or a bound of it, was computed. A diagnostic: it depends on the path.
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

/// Which model answered and how long that took.
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

/// The answer to GET_VECTORS.
package struct VectorsResponse: Sendable, Equatable {
    package var origin: AnswerOrigin
    package var dimension: UInt32
    /// One per requested id.
    package var found: [Bool]
    /// The vectors of the found ids, in the request's order, row-major.
    package var elements: [Float]

    package init(origin: AnswerOrigin, dimension: UInt32, found: [Bool], elements: [Float]) {
        self.origin = origin
        self.dimension = dimension
        self.found = found
        self.elements = elements
    }
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

/// What a server knows of one model.
package struct ModelStatus: Sendable, Equatable {
    /// A version that was looked at and refused.
    package struct Refusal: Sendable, Equatable {
        package var version: UInt64
        package var reason: String

        package init(version: UInt64, reason: String) {
            self.version = version
            self.reason = reason
        }
    }

    package var name: ModelName
    package var isDefault = false
    /// The version that serves, or 0.
    package var active: UInt64 = 0
    /// The version a rollback would serve, or 0.
    package var previous: UInt64 = 0
    /// The version that is held by an activation or rollback, or 0 when newer versions take over.
    package var pinned: UInt64 = 0
    /// Of the active version; 0 and empty where there is none.
    package var dimension: UInt32 = 0
    package var metric: Similarity = .dot
    package var itemCount: UInt64 = 0
    package var userCount: UInt64 = 0
    package var itemIDKind: IDKind?
    package var userIDKind: IDKind?
    package var fingerprint: [UInt8] = []
    package var trainingID = ""
    package var itemColumns: [String] = []
    package var userColumns: [String] = []
    /// Versions in memory, ascending.
    package var loaded: [UInt64] = []
    package var refusals: [Refusal] = []
    /// One for each of `itemColumns`.
    package var itemColumnTypes: [ColumnType] = []
    /// One for each of `userColumns`.
    package var userColumnTypes: [ColumnType] = []
    /// Versions on disk, ascending.
    package var available: [AvailableVersion] = []
    /// For people: why something other than what is pinned serves, or nothing, and what else is not as it should be.
    package var remark = ""

    package init(name: ModelName) { self.name = name }
}

/// A version of a model on disk.
package struct AvailableVersion: Sendable, Equatable {
    package var version: UInt64
    package var state: VersionState
    /// What its manifest says, where that has been read; else 0 and empty.
    package var details = VersionDetails()

    package init(version: UInt64, state: VersionState, details: VersionDetails = VersionDetails()) {
        self.version = version
        self.state = state
        self.details = details
    }
}

/// What a version's manifest says of it; all 0 and empty where it was not read.
package struct VersionDetails: Sendable, Equatable {
    package var dimension: UInt32 = 0
    package var itemCount: UInt64 = 0
    package var userCount: UInt64 = 0
    package var itemColumns: [String] = []
    package var userColumns: [String] = []

    package init() {}
}

/// The answer to MODEL_LIST.
package struct ModelListResponse: Sendable, Equatable {
    package var models: [ModelStatus]
    /// For people: what is wrong with the repository as a whole; empty: nothing.
    package var remark: String

    package init(models: [ModelStatus], remark: String = "") {
        self.models = models
        self.remark = remark
    }
}

/// The answer to MODEL_LOAD, MODEL_ACTIVATE and MODEL_ROLLBACK.
package struct ModelSwitchResponse: Sendable, Equatable {
    package var active: UInt64
    package var previous: UInt64
    package var pinned: UInt64
    /// False where a restart will not know of the choice, since the state file cannot be written.
    package var isRemembered: Bool

    package init(active: UInt64, previous: UInt64, pinned: UInt64, isRemembered: Bool = true) {
        self.active = active
        self.previous = previous
        self.pinned = pinned
        self.isRemembered = isRemembered
    }
}

/// Named counters and gauges.
package struct StatsResponse: Sendable, Equatable {
    package var names: [String]
    package var values: [UInt64]

    package init(names: [String], values: [UInt64]) {
        self.names = names
        self.values = values
    }
}

/// The answer to HEALTH.
package struct HealthResponse: Sendable, Equatable {
    package enum State: UInt8, Sendable {
        case serving = 1
        /// No model is ready yet.
        case notReady = 2
        case draining = 3
    }

    package var state: State
    package var modelsReady: UInt32

    package init(state: State, modelsReady: UInt32) {
        self.state = state
        self.modelsReady = modelsReady
    }
}
