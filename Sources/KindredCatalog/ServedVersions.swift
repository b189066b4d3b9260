/// Which versions of a model a server serves; what it remembers over a restart.
package struct ServedVersions: Sendable, Equatable {
    /// Nil: none yet.
    package var active: UInt64?
    /// What a rollback goes to.
    package var previous: UInt64?
    /// Nil: the newest version takes over.
    package var pinned: UInt64?

    package init(active: UInt64? = nil, previous: UInt64? = nil, pinned: UInt64? = nil) {
        self.active = active
        self.previous = previous
        self.pinned = pinned
    }
}
