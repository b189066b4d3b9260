public import KindredDomain
internal import KindredWire

extension KindredClient {
    /// The server's models, in ascending order of their names, or one of them.
    ///
    /// Throws UNKNOWN_MODEL where the server does not have the named one.
    ///
    /// ```swift
    /// for model in try await client.models() { print(model.name, model.active, model.items) }
    /// ```
    public func models(
        _ name: ModelName? = nil, timeout: Duration? = nil
    ) async throws(KindredError) -> [ModelDescription] {
        try await repository(name, timeout: timeout).models
    }

    /// The models as `models` gives them, and the state of the server's repository as a whole.
    ///
    /// ```swift
    /// let repository = try await client.repository()
    /// if !repository.remark.isEmpty { print("problem:", repository.remark) }
    /// ```
    public func repository(
        _ name: ModelName? = nil, timeout: Duration? = nil
    ) async throws(KindredError) -> RepositoryDescription {
        guard case .modelList(let response) = try await call(.modelList(name), timeout: timeout) else {
            throw .wrongReply
        }
        return RepositoryDescription(
            models: response.models.map { ModelDescription($0) }, remark: response.remark)
    }

    /// Has the server look for new versions now, and waits until they are loaded.
    ///
    /// `version` is the one that must be loaded afterwards; 0: the newest. Throws MODEL_CORRUPT when it is refused.
    ///
    /// ```swift
    /// let versions = try await client.load(model: ModelName("shop"))
    /// print("version", versions.active, "serves")
    /// ```
    public func load(
        model: ModelName? = nil, version: UInt64 = 0, timeout: Duration? = nil
    ) async throws(KindredError) -> ModelVersions {
        let request = ModelLoadRequest(model: model, version: version)
        guard case .modelSwitch(let response) = try await call(.modelLoad(request), timeout: timeout) else {
            throw .wrongReply
        }
        return ModelVersions(response)
    }

    /// Makes a version active and pins it. With `version` nil, the newest becomes active and newer ones follow.
    ///
    /// `expectedActive` makes the call a compare-and-swap: it throws CONFLICT when another version is active; 0: any.
    /// Throws VERSION_GONE when the repository does not have the version.
    ///
    /// ```swift
    /// let versions = try await client.activate(model: ModelName("shop"), version: 7)
    /// ```
    public func activate(
        model: ModelName? = nil, version: UInt64?, expectedActive: UInt64 = 0, timeout: Duration? = nil
    ) async throws(KindredError) -> ModelVersions {
        let goal: ModelSwitchRequest.Goal = version.map { .version($0) } ?? .latest
        return try await change(
            ModelSwitchRequest(model: model, goal: goal, expectedActive: expectedActive), timeout)
    }

    /// Makes the previously active version active and pins it.
    ///
    /// Throws CONFLICT as `activate` does, and when there is no previous version.
    ///
    /// ```swift
    /// let versions = try await client.rollback(model: ModelName("shop"))
    /// ```
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
    ///
    /// ```swift
    /// let requests = try await client.stats()["requests_total"] ?? 0
    /// ```
    public func stats(timeout: Duration? = nil) async throws(KindredError) -> [String: UInt64] {
        guard case .stats(let response) = try await call(.stats, timeout: timeout) else { throw .wrongReply }
        return Dictionary(zip(response.names, response.values)) { _, last in last }
    }

    /// The server's state. It answers also while no model is ready and while it shuts down.
    ///
    /// ```swift
    /// let isReady = try await client.health().state == .serving
    /// ```
    public func health(timeout: Duration? = nil) async throws(KindredError) -> Health {
        guard case .health(let response) = try await call(.health, timeout: timeout) else {
            throw .wrongReply
        }
        return Health(response)
    }

    /// The time of a round trip to the server.
    ///
    /// ```swift
    /// print(try await client.ping())
    /// ```
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
