/// MODEL_LOAD: look for new versions in the repository now.
package struct ModelLoadRequest: Sendable, Equatable {
    /// Nil: the server's default model.
    package var model: ModelName?
    /// The version that must be loaded afterwards, or 0 for the newest.
    package var version: UInt64

    package init(model: ModelName?, version: UInt64 = 0) {
        self.model = model
        self.version = version
    }
}

/// MODEL_ACTIVATE and MODEL_ROLLBACK: compare-and-swap on the active version.
package struct ModelSwitchRequest: Sendable, Equatable {
    /// The version to make active.
    package enum Goal: Sendable, Equatable {
        /// Serve this version and pin it.
        case version(UInt64)
        /// Serve the newest version and follow newer ones.
        case latest
        /// Serve the previously active version and pin it.
        case previous
    }

    /// Nil: the server's default model.
    package var model: ModelName?
    package var goal: Goal
    /// The version that must be active, else CONFLICT; 0: any.
    package var expectedActive: UInt64

    package init(model: ModelName?, goal: Goal, expectedActive: UInt64 = 0) {
        self.model = model
        self.goal = goal
        self.expectedActive = expectedActive
    }
}

/// The answer to MODEL_LOAD, MODEL_ACTIVATE and MODEL_ROLLBACK.
package struct ModelSwitchResponse: Sendable, Equatable {
    /// The active version, or 0.
    package var active: UInt64
    /// The version that a rollback would make active, or 0.
    package var previous: UInt64
    /// The version that stays active, or 0 when newer ones take over.
    package var pinned: UInt64
    /// False where the state file cannot be written, so that a restart forgets the choice.
    package var isRemembered: Bool

    package init(active: UInt64, previous: UInt64, pinned: UInt64, isRemembered: Bool = true) {
        self.active = active
        self.previous = previous
        self.pinned = pinned
        self.isRemembered = isRemembered
    }
}
