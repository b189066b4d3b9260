/// The answer to MODEL_LIST.
package struct ModelListResponse: Sendable, Equatable {
    /// In ascending order of their names.
    package var models: [ModelStatus]
    /// For people: what is wrong with the repository's folder; empty: nothing.
    package var remark: String

    package init(models: [ModelStatus], remark: String = "") {
        self.models = models
        self.remark = remark
    }
}

/// One model of a server, for MODEL_LIST.
package struct ModelStatus: Sendable, Equatable {
    /// A version that was refused, and the reason.
    package struct Refusal: Sendable, Equatable {
        package var version: UInt64
        /// For people.
        package var reason: String

        package init(version: UInt64, reason: String) {
            self.version = version
            self.reason = reason
        }
    }

    package var name: ModelName
    /// True for the model of requests that name none.
    package var isDefault = false
    /// The version that serves, or 0.
    package var active: UInt64 = 0
    /// The version a rollback would serve, or 0.
    package var previous: UInt64 = 0
    /// The version that an activation or rollback pinned, or 0 when newer versions take over.
    package var pinned: UInt64 = 0
    /// Elements of a vector. This and the following, up to `userColumns`, and the types of columns are of the active
    /// version; 0 and empty where there is none.
    package var dimension: UInt32 = 0
    /// The similarity that the vectors were trained for.
    package var metric: Similarity = .dot
    package var itemCount: UInt64 = 0
    package var userCount: UInt64 = 0
    /// Nil: no items.
    package var itemIDKind: IDKind?
    /// Nil: no users.
    package var userIDKind: IDKind?
    /// 16 random bytes that identify the packing, or none.
    package var fingerprint: [UInt8] = []
    /// The training that made the vectors; may be empty.
    package var trainingID = ""
    /// Names of the items' catalog columns.
    package var itemColumns: [String] = []
    /// Names of the users' catalog columns.
    package var userColumns: [String] = []
    /// Versions in memory, ascending.
    package var loaded: [UInt64] = []
    /// Versions that were refused.
    package var refusals: [Refusal] = []
    /// One for each of `itemColumns`.
    package var itemColumnTypes: [ColumnType] = []
    /// One for each of `userColumns`.
    package var userColumnTypes: [ColumnType] = []
    /// Versions on disk, ascending.
    package var available: [AvailableVersion] = []
    /// For people: why another version than the pinned one is active, or none, and other problems.
    package var remark = ""

    package init(name: ModelName) { self.name = name }
}

/// A version of a model on disk.
package struct AvailableVersion: Sendable, Equatable {
    package var version: UInt64
    package var state: VersionState
    /// The content of its manifest; 0 and empty where it has not been read.
    package var details = VersionDetails()

    package init(version: UInt64, state: VersionState, details: VersionDetails = VersionDetails()) {
        self.version = version
        self.state = state
        self.details = details
    }
}

/// The content of a version's manifest; all 0 and empty where it has not been read.
package struct VersionDetails: Sendable, Equatable {
    /// Elements of a vector.
    package var dimension: UInt32 = 0
    package var itemCount: UInt64 = 0
    package var userCount: UInt64 = 0
    /// Names of the items' catalog columns.
    package var itemColumns: [String] = []
    /// Names of the users' catalog columns.
    package var userColumns: [String] = []

    package init() {}
}

/// The state of a version that is on disk.
public enum VersionState: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// Not loaded: the active version is newer, or another one is pinned.
    case onDisk = 1
    /// In memory.
    case loaded = 2
    /// It will be loaded.
    case waiting = 3
    /// It is being read and checked.
    case loading = 4
    /// It was read and refused.
    case refused = 5

    /// `on disk`, `loaded`, `waiting`, `loading` or `refused`.
    public var description: String {
        switch self {
        case .onDisk: "on disk"
        case .loaded: "loaded"
        case .waiting: "waiting"
        case .loading: "loading"
        case .refused: "refused"
        }
    }
}
