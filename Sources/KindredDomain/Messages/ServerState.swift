/// Named counters and gauges.
package struct StatsResponse: Sendable, Equatable {
    /// Distinct names.
    package var names: [String]
    /// One for each name.
    package var values: [UInt64]

    package init(names: [String], values: [UInt64]) {
        self.names = names
        self.values = values
    }
}

/// The answer to HEALTH.
package struct HealthResponse: Sendable, Equatable {
    /// The states of a server.
    package enum State: UInt8, Sendable {
        case serving = 1
        /// No model is ready yet.
        case notReady = 2
        case draining = 3
    }

    package var state: State
    /// Models with an active version.
    package var modelsReady: UInt32

    package init(state: State, modelsReady: UInt32) {
        self.state = state
        self.modelsReady = modelsReady
    }
}
