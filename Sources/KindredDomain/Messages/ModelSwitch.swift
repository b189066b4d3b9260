/// MODEL_LOAD: look at the repository now.
package struct ModelLoadRequest: Sendable, Equatable {
    package var model: ModelName?
    /// The version that must be loaded afterwards, or 0 for whatever is newest.
    package var version: UInt64

    package init(model: ModelName?, version: UInt64 = 0) {
        self.model = model
        self.version = version
    }
}

/// MODEL_ACTIVATE and MODEL_ROLLBACK: compare-and-swap on the active version.
package struct ModelSwitchRequest: Sendable, Equatable {
    package enum Goal: Sendable, Equatable {
        /// Serve this version and pin it.
        case version(UInt64)
        /// Serve the newest version and follow newer ones.
        case latest
        /// Serve the previously active version and pin it.
        case previous
    }

    package var model: ModelName?
    package var goal: Goal
    /// The version the caller believes to be active; 0: any.
    package var expectedActive: UInt64

    package init(model: ModelName?, goal: Goal, expectedActive: UInt64 = 0) {
        self.model = model
        self.goal = goal
        self.expectedActive = expectedActive
    }
}

/// The answer to MODEL_LOAD, MODEL_ACTIVATE and MODEL_ROLLBACK.
package struct ModelSwitchResponse: Sendable, Equatable {
    package var active: UInt64
    package var previous: UInt64
    package var pinned: UInt64
    /// False where a restart will not know of the choice, since the state file cannot be written.
    package var isRemembered: Bool

    package init(active: UInt64, previous: UInt64, pinned: UInt64, isRemembered: Bool = true) {
        self.active = active
        self.previous = previous
        self.pinned = pinned
        self.isRemembered = isRemembered
    }
}
