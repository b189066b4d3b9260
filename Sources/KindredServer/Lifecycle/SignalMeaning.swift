/// Decides what a server does on a signal. A value.
package struct SignalMeaning {
    /// What a server does on a signal.
    package enum Action: Equatable {
        /// Shut down: answer the accepted requests, then end.
        case shutDown
        /// End at once: it was told to shut down before.
        case endAtOnce
        /// Do nothing: the signal has no use here, and its default would end the process.
        case ignore
    }

    /// The signals that end a server. SIGHUP says that its terminal is gone.
    package static let ending: Set<String> = ["SIGTERM", "SIGINT", "SIGHUP"]

    private var isShuttingDown = false

    package init() {}

    /// A signal of this name has come.
    package mutating func take(_ name: String) -> Action {
        guard Self.ending.contains(name) else { return .ignore }
        defer { isShuttingDown = true }
        return isShuttingDown ? .endAtOnce : .shutDown
    }
}
