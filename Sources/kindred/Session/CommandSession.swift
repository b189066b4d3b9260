import KindredClient
import KindredDomain

/// A connected client and its time limit for one command.
struct CommandSession: Sendable {
    let client: KindredClient
    /// The command's time limit, which closes the connections.
    let timeout: CommandTimeout
    let models: ModelLookup

    init(client: KindredClient, timeout: CommandTimeout) {
        self.client = client
        self.timeout = timeout
        models = ModelLookup(client: client)
    }
}

/// The server's models. Asked for once, at first use.
actor ModelLookup {
    private let client: KindredClient
    private var known: [ModelDescription]?

    init(client: KindredClient) { self.client = client }

    /// A model by name, or the default model for nil. Nil where there is none.
    func model(_ name: ModelName?) async throws(KindredError) -> ModelDescription? {
        let models: [ModelDescription]
        if let known { models = known } else { models = try await client.models() }
        known = models
        return models.first { name == nil ? $0.isDefault : $0.name == name }
    }

    /// Converts ids to the kind that the model has. Asks the server only where the kind matters.
    func adapt(_ ids: inout GivenIDs, to name: ModelName?) async throws(KindredError) {
        guard ids.dependOnKind else { return }
        let model = try await model(name)
        ids.adapt(to: ids.side == .items ? model?.itemIDKind : model?.userIDKind)
    }
}

extension ServerOptions {
    /// Runs `body`, which asks for the server's state, with a connected client and closes the client.
    func withClient<Result>(_ body: (KindredClient) async throws -> Result) async throws -> Result {
        try await withSession { try await body($0.client) }
    }

    /// Runs `body` with a connected client and closes the client. Errors carry advice that fits the subject.
    ///
    /// `isBounded`: the user's `--timeout` limits the command as a whole; otherwise it limits each answer.
    func withSession<Result>(
        about subject: FailureAdvice.Subject = .state, isBounded: Bool = true,
        _ body: (CommandSession) async throws -> Result
    ) async throws -> Result {
        let endpoint = try server.value
        var configuration = ClientConfiguration()
        configuration.timeout = .seconds(seconds)
        configuration.clientName = "kindred command line"
        let client = KindredClient(endpoint, configuration: configuration)
        let isTotal = isBounded && timeout != nil
        let limit = CommandTimeout(seconds: seconds, isTotal: isTotal)
        let watcher = Task {
            if await limit.wait() { await client.close() }
        }
        defer { watcher.cancel() }
        do {
            let result = try await body(CommandSession(client: client, timeout: limit))
            await client.close()
            return result
        } catch {
            let isOver = await limit.isOver
            let advice = isOver ? [] : await FailureAdvice(subject, self).lines(for: error, client)
            await client.close()
            if isOver { throw CommandFailure.timeIsOver(seconds: seconds, isTotal: isTotal) }
            throw AdvisedFailure(error: error, advice: advice)
        }
    }
}
