public import KindredDomain

/// The scores of candidates for one query.
public struct Scores: Sendable, Equatable {
    /// Which model answered.
    public var model: ModelName
    /// Which of its versions.
    public var version: UInt64
    /// One per candidate, in their order; nil where the model does not have the candidate.
    public var scores: [Float?]
}

/// Stored vectors.
public struct Vectors: Sendable, Equatable {
    /// Which model answered.
    public var model: ModelName
    /// Which of its versions.
    public var version: UInt64
    /// Elements of each vector.
    public var dimension: Int
    /// One per id, in their order; nil where the model does not have the id.
    public var vectors: [[Float]?]
}

/// What a server knows of one model.
public struct ModelDescription: Sendable, Equatable {
    /// A version that was looked at and not taken.
    public struct Refusal: Sendable, Equatable {
        /// The version.
        public var version: UInt64
        /// What was wrong with it.
        public var reason: String
    }

    /// The model's name.
    public var name: ModelName
    /// True for the model that answers calls that name none.
    public var isDefault: Bool
    /// The version that serves, or 0.
    public var active: UInt64
    /// The version a rollback would serve, or 0.
    public var previous: UInt64
    /// The version that is held, or 0 when newer ones take over.
    public var pinned: UInt64
    /// Of the active version, like all that follows.
    public var dimension: Int
    /// How it was trained to be compared.
    public var metric: Similarity
    /// Number of items.
    public var items: UInt64
    /// Number of users.
    public var users: UInt64
    /// Nil: no items.
    public var itemIDKind: IDKind?
    /// Nil: no users.
    public var userIDKind: IDKind?
    /// 16 bytes, or none.
    public var fingerprint: [UInt8]
    /// The training its vectors come from; may be empty.
    public var trainingID: String
    /// Catalog columns of the items.
    public var itemColumns: [String]
    /// Catalog columns of the users.
    public var userColumns: [String]
    /// Versions in memory, ascending.
    public var loaded: [UInt64]
    /// Versions that were not taken.
    public var refusals: [Refusal]

    init(_ status: ModelStatus) {
        name = status.name
        isDefault = status.isDefault
        active = status.active
        previous = status.previous
        pinned = status.pinned
        dimension = Int(status.dimension)
        metric = status.metric
        items = status.itemCount
        users = status.userCount
        itemIDKind = status.itemIDKind
        userIDKind = status.userIDKind
        fingerprint = status.fingerprint
        trainingID = status.trainingID
        itemColumns = status.itemColumns
        userColumns = status.userColumns
        loaded = status.loaded
        refusals = status.refusals.map { Refusal(version: $0.version, reason: $0.reason) }
    }
}

/// Which versions serve after a load, an activation or a rollback.
public struct ModelVersions: Sendable, Equatable {
    /// The version that serves, or 0.
    public var active: UInt64
    /// The version a rollback would serve, or 0.
    public var previous: UInt64
    /// The version that is held, or 0 when newer ones take over.
    public var pinned: UInt64

    init(_ response: ModelSwitchResponse) {
        active = response.active
        previous = response.previous
        pinned = response.pinned
    }
}

/// Whether a server answers.
public struct Health: Sendable, Equatable {
    /// A server's states.
    public enum State: String, Sendable {
        /// At least one model is ready.
        case serving
        /// No model is ready.
        case notReady
        /// The server is shutting down.
        case draining
    }

    /// The server's state.
    public var state: State
    /// Models with a version that serves.
    public var modelsReady: Int

    init(_ response: HealthResponse) {
        switch response.state {
        case .serving: state = .serving
        case .notReady: state = .notReady
        case .draining: state = .draining
        }
        modelsReady = Int(response.modelsReady)
    }
}
