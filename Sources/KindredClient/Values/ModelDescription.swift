public import KindredDomain

/// One model of a server.
public struct ModelDescription: Sendable, Equatable {
    /// A version that the server refused to load.
    public struct Refusal: Sendable, Equatable {
        /// The version's number.
        public var version: UInt64
        /// Why it was refused, for people.
        public var reason: String
    }

    /// A version on disk.
    public struct Version: Sendable, Equatable {
        /// Its number.
        public var version: UInt64
        /// Whether it is loaded, and if not, why.
        public var state: VersionState
        /// Elements of a vector. This and the following come from the version's manifest; 0 and empty where the server
        /// has not read it.
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
    /// The version that stays active, or 0 when newer ones take over. Another one is active where this one cannot be
    /// loaded; `remark` says why.
    public var pinned: UInt64
    /// Elements of a vector. This and the following, up to `userColumnTypes`, are of the active version.
    public var dimension: Int
    /// The similarity that the vectors were trained for.
    public var metric: Similarity
    /// Number of items.
    public var items: UInt64
    /// Number of users.
    public var users: UInt64
    /// The kind of the items' ids; nil: no items.
    public var itemIDKind: IDKind?
    /// The kind of the users' ids; nil: no users.
    public var userIDKind: IDKind?
    /// 16 random bytes that identify the packing of the version; empty where no version is active.
    public var fingerprint: [UInt8]
    /// The training that made the vectors; may be empty.
    public var trainingID: String
    /// Catalog columns of the items.
    public var itemColumns: [String]
    /// Catalog columns of the users.
    public var userColumns: [String]
    /// The types of `itemColumns`, one for each.
    public var itemColumnTypes: [ColumnType]
    /// The types of `userColumns`, one for each.
    public var userColumnTypes: [ColumnType]
    /// Versions in memory, ascending.
    public var loaded: [UInt64]
    /// Versions that the server refused to load.
    public var refusals: [Refusal]
    /// Versions on disk, ascending: the newest 1,000, and older ones that are loaded.
    public var versions: [Version]
    /// For people: why another version than the pinned one is active, or none, and other problems; may be empty.
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

/// The models of a server and the state of its repository.
public struct RepositoryDescription: Sendable, Equatable {
    /// The models, in ascending order of their names.
    public var models: [ModelDescription]
    /// For people: what is wrong with the repository's folder; empty: nothing.
    public var remark: String
}

/// The versions of a model after a load, an activation or a rollback.
public struct ModelVersions: Sendable, Equatable {
    /// The version that serves, or 0.
    public var active: UInt64
    /// The version a rollback would serve, or 0.
    public var previous: UInt64
    /// The version that stays active, or 0 when newer ones take over.
    public var pinned: UInt64
    /// False where the server cannot write its state file, so that a restart forgets the choice.
    public var isRemembered: Bool

    init(_ response: ModelSwitchResponse) {
        active = response.active
        previous = response.previous
        pinned = response.pinned
        isRemembered = response.isRemembered
    }
}

/// The state of a server.
public struct Health: Sendable, Equatable {
    /// The states of a server.
    public enum State: String, Sendable {
        /// At least one model has an active version.
        case serving
        /// No model has an active version.
        case notReady
        /// The server is shutting down.
        case draining
    }

    /// The server's state.
    public var state: State
    /// Models with an active version.
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
