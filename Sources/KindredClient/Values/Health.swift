internal import KindredDomain

/// Whether a server answers.
public struct Health: Sendable, Equatable {
    /// A server's states.
    public enum State: String, Sendable {
        /// At least one model is ready.
        case serving
        /// No model is ready.
        case notReady
        /// The server is shutting down.
        case draining
    }

    /// The server's state.
    public var state: State
    /// Models with a version that serves.
    public var modelsReady: Int

    init(_ response: HealthResponse) {
        switch response.state {
        case .serving: state = .serving
        case .notReady: state = .notReady
        case .draining: state = .draining
        }
        modelsReady = Int(response.modelsReady)
    }
}
