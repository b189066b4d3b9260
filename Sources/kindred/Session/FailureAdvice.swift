import KindredClient
import KindredDomain

/// A server's error with advice.
struct AdvisedFailure: Error, CustomStringConvertible {
    let error: any Error
    let advice: [String]

    /// The error, followed by one line for each advice.
    var description: String { (["\(error)"] + advice.map { "hint: \($0)" }).joined(separator: "\n") }
}

/// Advice for a server's error, as commands that the user can run.
struct FailureAdvice {
    /// The kind of request that failed.
    enum Subject {
        /// A request for the server's state.
        case state
        /// A query to a model; nil: the default one.
        case query(ModelName?)
        /// A request to switch versions.
        case change(ModelName)
    }

    /// Number of models and refusals named.
    private static let modelsMax = 3
    /// Time limit for asking the server for reasons.
    private static let patience: Duration = .seconds(5)
    private let subject: Subject
    private let server: ServerOptions

    init(_ subject: Subject, _ server: ServerOptions) {
        self.subject = subject
        self.server = server
    }

    /// Lines of advice; none where the error explains itself. May ask the server for reasons.
    func lines(for error: any Error, _ client: KindredClient) async -> [String] {
        guard let error = error as? KindredError else { return [] }
        switch error.name {
        case "NO_MODEL_READY": return await reasons(client)
        case "UNKNOWN_MODEL": return await remarks(client)
        case "VERSION_GONE": return await versionGone(error, client)
        case "CONFLICT": return conflict(error)
        case "CONNECTION_LOST" where error.message.hasPrefix("cannot connect"):
            return ["--server HOST:PORT names another server; 'kindred serve --models DIR' starts one"]
        default: return []
        }
    }

    private var models: String { "'kindred models\(server.suffix)'" }

    private func activate(_ model: String, _ version: String) -> String {
        "'kindred activate \(model) \(version)\(server.suffix)'"
    }

    /// Reasons why no version serves.
    private func reasons(_ client: KindredClient) async -> [String] {
        guard let repository = try? await client.repository(timeout: Self.patience) else {
            return ["\(models) says why nothing serves"]
        }
        let remarks = Self.remarks(repository)
        var found = repository.models
        if case .query(let asked?) = subject, let model = found.first(where: { $0.name == asked }) {
            found = [model]
        }
        if found.isEmpty {
            let advice =
                "'kindred pack --models DIR ...' makes a model, and the server's log says what it cannot read"
            if remarks.isEmpty { return ["the server sees no model in the folder of its --models", advice] }
            return remarks + [advice]
        }
        return remarks
            + found.prefix(Self.modelsMax).map { model in
                if model.active != 0 { return "model \(model.name) serves: --model \(model.name) asks it" }
                guard !model.refusals.isEmpty else {
                    return "model \(model.name) has no version that serves yet; \(models) shows when it has"
                }
                let refusals = model.refusals.suffix(Self.modelsMax)
                let reasons = refusals.map { "version \($0.version) was refused: \($0.reason)" }
                return "model \(model.name) has no version that serves: \(reasons.joined(separator: "; "))"
            }
    }

    /// The server's remark on its repository as a whole, which may explain a missing model.
    private func remarks(_ client: KindredClient) async -> [String] {
        (try? await client.repository(timeout: Self.patience)).map(Self.remarks) ?? []
    }

    private static func remarks(_ repository: RepositoryDescription) -> [String] {
        repository.remark.isEmpty ? [] : ["the server says: \(repository.remark)"]
    }

    private func versionGone(_ error: KindredError, _ client: KindredClient) async -> [String] {
        switch subject {
        case .state: return []
        case .query(let model):
            guard error.isOfVersionOnDisk else {
                return ["\(models) lists the versions"]
            }
            var asked = model
            if asked == nil {
                asked = try? await client.models(timeout: Self.patience).first(where: \.isDefault)?.name
            }
            let command = activate(asked?.description ?? "MODEL", "\(error.value)")
            return ["\(command) loads it and makes it serve"]
        case .change:
            return ["\(models) lists the versions; one that is on the server's disk can be activated"]
        }
    }

    private func conflict(_ error: KindredError) -> [String] {
        guard case .change(let model) = subject else { return [] }
        // A conflict without version numbers means that there is no previous version.
        if error.value == 0, error.limit == 0 {
            return ["\(models) lists the versions, \(activate(model.description, "N")) has version N served"]
        }
        return ["\(models) shows what serves; --expect \(error.value) fits version \(error.value)"]
    }
}
