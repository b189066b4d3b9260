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

/// What a server does with a version that is on disk.
public enum VersionState: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// It stays there: what serves is newer, or another was chosen.
    case onDisk = 1
    /// In memory.
    case loaded = 2
    /// It will be loaded.
    case waiting = 3
    /// It is being read and checked.
    case loading = 4
    /// It was looked at and not taken.
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
