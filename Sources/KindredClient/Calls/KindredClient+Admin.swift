public import KindredDomain
internal import KindredWire

extension KindredClient {
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
}
