public import KindredDomain

/// Which model answers, and how long to wait.
public struct CallOptions: Sendable {
    /// Nil: the server's default model.
    public var model: ModelName?
    /// The version that must answer; 0: whatever serves.
    public var version: UInt64 = 0
    /// Nil: the configuration's.
    public var timeout: Duration?

    /// The defaults.
    public init(model: ModelName? = nil, version: UInt64 = 0, timeout: Duration? = nil) {
        self.model = model
        self.version = version
        self.timeout = timeout
    }
}

/// What may be asked of a recommendation.
public struct RecommendOptions: Sendable {
    /// Which model answers, and how long to wait.
    public var call = CallOptions()
    /// What is recommended.
    public var target: Side = .items
    /// Nil: the model's metric, but cosine between two of one side.
    public var similarity: Similarity?
    /// Ids that must not appear.
    public var exclude: [ExternalID] = []
    /// Only these may appear; nil: all.
    public var candidates: [ExternalID]?
    /// Inclusive.
    public var minimumScore: Float?
    /// True: the query's own item, user or basket members may appear.
    public var includesMembers = false
    /// Catalog columns wanted with the winners.
    public var columns: [String] = []

    /// The defaults.
    public init() {}
}

/// What may be asked of scores.
public struct ScoreOptions: Sendable {
    /// Which model answers, and how long to wait.
    public var call = CallOptions()
    /// What the candidates are.
    public var target: Side = .items
    /// Nil: the model's metric, but cosine between two of one side.
    public var similarity: Similarity?

    /// The defaults.
    public init() {}
}

/// What may be asked of a look-alike audience.
public struct LookalikeOptions: Sendable {
    /// Which model answers; its timeout runs from the opening to the first rows, so that
    /// many seeds may want a longer one. Then every read waits so long for the next rows.
    public var call = CallOptions()
    /// Nil: cosine.
    public var similarity: Similarity?
    /// True: seeds may appear in the audience.
    public var includesSeeds = false
    /// False: ids only.
    public var wantsScores = true

    /// The defaults.
    public init() {}
}
