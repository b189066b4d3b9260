public import KindredDomain
internal import KindredWire
internal import NIOCore

/// A client of one or more Kindred servers: a pool of connections, deadlines, and retries within a budget.
///
/// Any number of tasks may use it at once. Calls that only read are retried when the error says that this may
/// help; calls that change what serves only when the server says that it did nothing.
public final class KindredClient: Sendable {
    let pool: ConnectionPool
    let configuration: ClientConfiguration
    private let budget: RetryBudget

    /// A client that begins to connect at once.
    public init(endpoints: [Endpoint], configuration: ClientConfiguration = ClientConfiguration()) {
        precondition(!endpoints.isEmpty, "a client needs at least one endpoint")
        self.configuration = configuration
        pool = ConnectionPool(endpoints: endpoints, configuration: configuration)
        budget = RetryBudget(percent: configuration.retryPercentMax)
    }

    /// A client of one server.
    public convenience init(_ endpoint: Endpoint, configuration: ClientConfiguration = ClientConfiguration())
    {
        self.init(endpoints: [endpoint], configuration: configuration)
    }

    /// Ends all connections; calls in flight fail with CONNECTION_LOST.
    public func close() async { await pool.close() }

    // MARK: Models and state

    /// What the server knows of its models, or of one alone. Throws UNKNOWN_MODEL where it does not have that one.
    public func models(
        _ name: ModelName? = nil, timeout: Duration? = nil
    ) async throws(KindredError) -> [ModelDescription] {
        try await repository(name, timeout: timeout).models
    }

    /// What `models` gives, and what is wrong with the server's repository as a whole.
    public func repository(
        _ name: ModelName? = nil, timeout: Duration? = nil
    ) async throws(KindredError) -> RepositoryDescription {
        guard case .modelList(let response) = try await call(.modelList(name), timeout: timeout) else {
            throw .wrongReply
        }
        return RepositoryDescription(
            models: response.models.map { ModelDescription($0) }, remark: response.remark)
    }

    /// Has the server look at its repository now. Throws MODEL_CORRUPT when `version` is refused.
    public func load(
        model: ModelName? = nil, version: UInt64 = 0, timeout: Duration? = nil
    ) async throws(KindredError) -> ModelVersions {
        let request = ModelLoadRequest(model: model, version: version)
        guard case .modelSwitch(let response) = try await call(.modelLoad(request), timeout: timeout) else {
            throw .wrongReply
        }
        return ModelVersions(response)
    }

    /// Makes a version serve and holds it there; nil: the newest, and newer ones take over again.
    ///
    /// Throws CONFLICT when `expectedActive` is not 0 and another version is active.
    public func activate(
        model: ModelName? = nil, version: UInt64?, expectedActive: UInt64 = 0, timeout: Duration? = nil
    ) async throws(KindredError) -> ModelVersions {
        let goal: ModelSwitchRequest.Goal = version.map { .version($0) } ?? .latest
        return try await change(
            ModelSwitchRequest(model: model, goal: goal, expectedActive: expectedActive), timeout)
    }

    /// Makes the version serve that served before, and holds it there. Throws CONFLICT as `activate` does, and
    /// when there is none.
    public func rollback(
        model: ModelName? = nil, expectedActive: UInt64 = 0, timeout: Duration? = nil
    ) async throws(KindredError) -> ModelVersions {
        try await change(
            ModelSwitchRequest(model: model, goal: .previous, expectedActive: expectedActive), timeout)
    }

    private func change(
        _ request: ModelSwitchRequest, _ timeout: Duration?
    ) async throws(KindredError) -> ModelVersions {
        let reply = try await call(.modelSwitch(request), isRead: false, timeout: timeout)
        guard case .modelSwitch(let response) = reply else { throw .wrongReply }
        return ModelVersions(response)
    }

    /// The server's counters and gauges by name.
    public func stats(timeout: Duration? = nil) async throws(KindredError) -> [String: UInt64] {
        guard case .stats(let response) = try await call(.stats, timeout: timeout) else { throw .wrongReply }
        return Dictionary(zip(response.names, response.values)) { _, last in last }
    }

    /// Whether the server answers.
    public func health(timeout: Duration? = nil) async throws(KindredError) -> Health {
        guard case .health(let response) = try await call(.health, timeout: timeout) else {
            throw .wrongReply
        }
        return Health(response)
    }

    /// The time a frame takes to the server and back.
    public func ping(timeout: Duration? = nil) async throws(KindredError) -> Duration {
        let value = UInt64.random(in: .min ... .max)
        let deadline = deadline(timeout)
        let connection = try await connection(by: deadline)
        let clock = ContinuousClock()
        let start = clock.now
        guard case .pong = try await connection.exchange(.ping(value), deadline: deadline) else {
            throw .wrongReply
        }
        return clock.now - start
    }

    // MARK: Calls

    func deadline(_ timeout: Duration?) -> NIODeadline {
        .now() + TimeAmount(timeout ?? configuration.timeout)
    }

    /// A connection to send a request on. Without one, the request was not processed.
    func connection(by deadline: NIODeadline) async throws(KindredError) -> KindredConnection {
        do throws(KindredError) {
            return try await pool.connection(by: deadline)
        } catch {
            throw error.notProcessed
        }
    }

    /// Makes one call and, where that may help, makes it again.
    func call(
        _ message: ClientMessage, isRead: Bool = true, timeout: Duration?
    ) async throws(KindredError) -> ServerReply {
        let deadline = deadline(timeout)
        budget.earn()
        var attempt = 1
        while true {
            do throws(KindredError) {
                return try await connection(by: deadline).exchange(message, deadline: deadline)
            } catch {
                guard error.isRetryable, isRead || error.isNotProcessed, attempt < configuration.attemptsMax,
                    !Task.isCancelled, budget.spend()
                else { throw error }
                let wait = Self.wait(beforeAttempt: attempt + 1, asked: error.retryAfter)
                guard deadline - .now() > TimeAmount(wait) else { throw error }
                do { try await Task.sleep(for: wait) } catch { throw KindredError.cancelled }
                attempt += 1
            }
        }
    }

    /// A wait that doubles, spread at random, and is at least what the server asked for.
    private static func wait(beforeAttempt attempt: Int, asked: Duration?) -> Duration {
        let own = Duration.milliseconds(5) * (1 << Swift.min(attempt, 8))
        return Swift.max(own, asked ?? .zero) * Double.random(in: 0.8...1.2)
    }
}

extension KindredError {
    /// An answer of another type than the question's.
    static let wrongReply = KindredError.protocolError(
        .unexpectedFrame, "the reply is of another type than the request")
}
