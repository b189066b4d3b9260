internal import KindredDomain

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
