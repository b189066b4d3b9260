public import KindredDomain

/// The model that answers a call, and the time to wait for the answer.
public struct CallOptions: Sendable {
    /// Nil: the server's default model.
    public var model: ModelName?
    /// The version that must answer; 0: the active one.
    public var version: UInt64 = 0
    /// Time until the call fails with DEADLINE_EXCEEDED. Nil: `ClientConfiguration.timeout`.
    public var timeout: Duration?

    /// The default model, its active version, and the configuration's timeout.
    public init(model: ModelName? = nil, version: UInt64 = 0, timeout: Duration? = nil) {
        self.model = model
        self.version = version
        self.timeout = timeout
    }
}

/// The options of `KindredClient.recommend` and `recommendBatch`.
///
/// ```swift
/// var options = RecommendOptions()
/// options.exclude = ["85123A", "82494L"]
/// options.columns = ["description"]
/// options.rules.filter = "median_price < :most AND 'gift' IN tags"
/// options.rules.parameters = ["most": 10]
/// options.rules.caps = [GroupCap("country", atMost: 2)]
/// let answer = try await client.recommend(.user("17850"), k: 5, options: options)
/// ```
public struct RecommendOptions: Sendable {
    /// The model that answers, and the time to wait.
    public var call = CallOptions()
    /// The side that is recommended: items, or users.
    public var target: Side = .items
    /// Nil: the model's metric; cosine where query and target are of the same side.
    public var similarity: Similarity?
    /// Ids that must not be in the answer. Ids that the model does not have are ignored.
    public var exclude: [ExternalID] = []
    /// Such ids for each query of a batch, in place of `exclude`. Empty: none.
    public var queryExclude: [[ExternalID]] = []
    /// The only ids that may be in the answer; nil: all. Fails with UNKNOWN_ID where the model has none of them.
    public var candidates: [ExternalID]?
    /// Such ids for each query of a batch, in place of `candidates`. Empty: none.
    public var queryCandidates: [[ExternalID]] = []
    /// The least score of a result, inclusive; nil: none.
    public var minimumScore: Float?
    /// True: the query's own item, user or basket members may be in the answer.
    public var includesMembers = false
    /// Names of the catalog columns that come with each result.
    public var columns: [String] = []
    /// Filters, boosts, caps, diversity and pages.
    public var rules = Rules()
    /// The treatment of ids that the model does not have.
    public var unknownIDs = UnknownIDs.strict

    /// Items by the model's metric, nothing excluded, no columns.
    public init() {}
}

extension RecommendOptions {
    /// The excluded ids on the wire; nil where there are none.
    func exclusions(queryCount: Int) throws(KindredError) -> RaggedIDs? {
        try RaggedIDs.of(
            exclude.isEmpty ? nil : exclude, "exclude", each: queryExclude, "queryExclude",
            queryCount: queryCount)
    }

    /// The candidates on the wire; nil where all ids are.
    func candidates(queryCount: Int) throws(KindredError) -> RaggedIDs? {
        try RaggedIDs.of(
            candidates, "candidates", each: queryCandidates, "queryCandidates", queryCount: queryCount)
    }
}

extension RaggedIDs {
    /// One list for all queries, or one for each; nil where neither is given. Throws INVALID_ARGUMENT where both are,
    /// and where there are not as many lists as queries.
    fileprivate static func of(
        _ shared: [ExternalID]?, _ sharedName: String, each lists: [[ExternalID]], _ name: String,
        queryCount: Int
    ) throws(KindredError) -> RaggedIDs? {
        if lists.isEmpty { return shared.map { RaggedIDs(shared: IDList($0)) } }
        guard shared == nil else {
            throw KindredError(.invalidArgument, "\(sharedName) beside \(name): one of them")
        }
        guard lists.count == queryCount else {
            throw KindredError(
                .invalidArgument,
                "lists in \(name): \(lists.count), expected \(queryCount), one for each query")
        }
        var offsets: [UInt32] = [0]
        for list in lists { offsets.append(UInt32(clamping: Int(offsets[offsets.count - 1]) + list.count)) }
        guard let ids = RaggedIDs(ids: IDList(lists.joined()), offsets: offsets) else {
            throw KindredError(.limitExceeded, "\(name) has more than 2^32 ids")
        }
        return ids
    }
}

/// The options of `KindredClient.score`.
public struct ScoreOptions: Sendable {
    /// The model that answers, and the time to wait.
    public var call = CallOptions()
    /// The side of the candidates.
    public var target: Side = .items
    /// Nil: the model's metric; cosine where query and candidates are of the same side.
    public var similarity: Similarity?
    /// A candidate that does not pass it has no score; nil: all pass.
    public var filter: Filter?
    /// True: unknown members of a basket, blend or clicks are left out.
    public var skipsUnknownIDs = false

    /// Items by the model's metric.
    public init() {}
}

/// The options of `KindredClient.lookalike`.
public struct LookalikeOptions: Sendable {
    /// The model that answers, and the time to wait.
    ///
    /// The timeout runs from the call to the first rows, so that many seeds may need a longer one. Each later read
    /// waits as long for its rows.
    public var call = CallOptions()
    /// Nil: cosine.
    public var similarity: Similarity?
    /// True: seeds may be in the audience.
    public var includesSeeds = false
    /// False: the audience has ids only.
    public var wantsScores = true

    /// By cosine, without the seeds, with scores.
    public init() {}
}
