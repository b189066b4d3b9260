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
