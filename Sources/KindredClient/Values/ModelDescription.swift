public import KindredDomain

/// What a server knows of one model.
public struct ModelDescription: Sendable, Equatable {
    /// A version that was looked at and not taken.
    public struct Refusal: Sendable, Equatable {
        /// The version.
        public var version: UInt64
        /// What was wrong with it.
        public var reason: String
    }

    /// A version on disk.
    public struct Version: Sendable, Equatable {
        /// Its number.
        public var version: UInt64
        /// What the server does with it.
        public var state: VersionState
        /// As its manifest says, like all that follows; 0 and empty where the server has not read it.
        public var dimension: Int
        /// Number of items.
        public var items: UInt64
        /// Number of users.
        public var users: UInt64
        /// Catalog columns of the items.
        public var itemColumns: [String]
        /// Catalog columns of the users.
        public var userColumns: [String]
    }

    /// The model's name.
    public var name: ModelName
    /// True for the model that answers calls that name none.
    public var isDefault: Bool
    /// The version that serves, or 0.
    public var active: UInt64
    /// The version a rollback would serve, or 0.
    public var previous: UInt64
    /// The version that is held, or 0 when newer ones take over. Another one is active where this one cannot be loaded:
    /// `remark` says why.
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
    /// What the values of `itemColumns` are, one for each.
    public var itemColumnTypes: [ColumnType]
    /// What the values of `userColumns` are, one for each.
    public var userColumnTypes: [ColumnType]
    /// Versions in memory, ascending.
    public var loaded: [UInt64]
    /// Versions that were not taken.
    public var refusals: [Refusal]
    /// Versions on disk, ascending: the newest 1,000, and older ones that are loaded.
    public var versions: [Version]
    /// For people: why another version than the pinned one serves, or none, and what else is wrong; may be empty.
    public var remark: String

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
        itemColumnTypes = status.itemColumnTypes
        userColumnTypes = status.userColumnTypes
        versions = status.available.map {
            Version(
                version: $0.version, state: $0.state, dimension: Int($0.details.dimension),
                items: $0.details.itemCount, users: $0.details.userCount,
                itemColumns: $0.details.itemColumns, userColumns: $0.details.userColumns)
        }
        remark = status.remark
    }
}

/// What a server knows of its models.
public struct RepositoryDescription: Sendable, Equatable {
    /// In ascending order of their names.
    public var models: [ModelDescription]
    /// For people: what is wrong with the folder of all models; empty: nothing.
    public var remark: String
}

/// Which versions serve after a load, an activation or a rollback.
public struct ModelVersions: Sendable, Equatable {
    /// The version that serves, or 0.
    public var active: UInt64
    /// The version a rollback would serve, or 0.
    public var previous: UInt64
    /// The version that is held, or 0 when newer ones take over.
    public var pinned: UInt64
    /// False where a restart of the server will not know of the choice: it cannot write its state file.
    public var isRemembered: Bool

    init(_ response: ModelSwitchResponse) {
        active = response.active
        previous = response.previous
        pinned = response.pinned
        isRemembered = response.isRemembered
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
