import KindredClient
import KindredDomain

/// A connected client for the length of one command.
struct CommandSession: Sendable {
    let client: KindredClient
    /// Ends the connections when the command's time is over.
    let watch: CommandWatch
    let models: ModelLookup

    init(client: KindredClient, watch: CommandWatch) {
        self.client = client
        self.watch = watch
        models = ModelLookup(client: client)
    }
}

/// What the server says of its models, asked once where it is needed.
actor ModelLookup {
    private let client: KindredClient
    private var known: [ModelDescription]?

    init(client: KindredClient) { self.client = client }

    /// A model, or for nil the default one; nil where there is none.
    func model(_ name: ModelName?) async throws(KindredError) -> ModelDescription? {
        let models: [ModelDescription]
        if let known { models = known } else { models = try await client.models() }
        known = models
        return models.first { name == nil ? $0.isDefault : $0.name == name }
    }

    /// Reads ids as those of a model's kind; asks the server only where that matters.
    func adapt(_ ids: inout GivenIDs, to name: ModelName?) async throws(KindredError) {
        guard ids.dependOnKind else { return }
        let model = try await model(name)
        ids.adapt(to: ids.side == .items ? model?.itemIDKind : model?.userIDKind)
    }
}
