/// What the signals mean that reach a server, as a value.
package struct SignalMeaning {
    /// What a server does on a signal.
    package enum Action: Equatable {
        /// Shut down: answer what was accepted, then end.
        case shutDown
        /// End at once: it was told to shut down before.
        case endAtOnce
        /// Nothing: the signal has no use here, and its default would end the process.
        case ignore
    }

    /// SIGTERM and SIGINT tell a server to end. So does SIGHUP: its terminal has gone.
    package static let ending: Set<String> = ["SIGTERM", "SIGINT", "SIGHUP"]

    private var isShuttingDown = false

    package init() {}

    /// A signal has come, by its name.
    package mutating func take(_ name: String) -> Action {
        guard Self.ending.contains(name) else { return .ignore }
        defer { isShuttingDown = true }
        return isShuttingDown ? .endAtOnce : .shutDown
    }
}
