import ArgumentParser
import KindredClient
import KindredDomain

/// Which server a command talks to, and how it prints.
struct ServerOptions: ParsableArguments {
    @Option(help: "The server's address.")
    var server = "127.0.0.1:7411"
    @Option(parsing: .unconditional, help: "Seconds to wait for an answer.")
    var timeout = 30.0
    @Flag(help: "Print JSON, one object per line.")
    var json = false

    func validate() throws {
        guard Endpoint(server) != nil else {
            throw ValidationError("--server \(server): HOST:PORT, such as 127.0.0.1:7411")
        }
        guard timeout > 0, timeout <= 60 else {
            throw ValidationError("--timeout \(timeout): above 0, at most 60")
        }
    }

    /// Runs `body` with a connected client and closes it.
    func withClient<Result>(_ body: (KindredClient) async throws -> Result) async throws -> Result {
        guard let endpoint = Endpoint(server) else { throw ValidationError("--server \(server): HOST:PORT") }
        var configuration = ClientConfiguration()
        configuration.timeout = .seconds(timeout)
        configuration.clientName = "kindred command line"
        let client = KindredClient(endpoint, configuration: configuration)
        do {
            let result = try await body(client)
            await client.close()
            return result
        } catch {
            await client.close()
            throw error
        }
    }
}

/// Which model a command asks.
struct ModelOptions: ParsableArguments {
    @Option(help: "The model. Default: the server's.")
    var model: String?
    @Option(parsing: .unconditional, help: "The version that must answer. Default: whatever serves.")
    var version: UInt64?

    func validate() throws {
        if let model, ModelName(model) == nil {
            throw ValidationError("--model \(model): a model's name has the form \(ModelName.rule)")
        }
    }

    var call: CallOptions { CallOptions(model: model.flatMap { ModelName($0) }, version: version ?? 0) }
}

/// A model's name where it is an argument.
struct ModelArgument: ExpressibleByArgument {
    let name: ModelName

    init?(argument: String) {
        guard let name = ModelName(argument) else { return nil }
        self.name = name
    }
}

extension Side: ExpressibleByArgument {
    /// The words that may stand for a value.
    public static var allValueStrings: [String] { allCases.map(\.description) }
    /// The word of a default.
    public var defaultValueDescription: String { description }

    /// A value from its word.
    public init?(argument: String) {
        guard let side = Side.allCases.first(where: { $0.description == argument }) else { return nil }
        self = side
    }
}

extension Similarity: ExpressibleByArgument {
    /// The words that may stand for a value.
    public static var allValueStrings: [String] { allCases.map(\.description) }
    /// The word of a default.
    public var defaultValueDescription: String { description }

    /// A value from its word.
    public init?(argument: String) {
        guard let similarity = Similarity.allCases.first(where: { $0.description == argument }) else {
            return nil
        }
        self = similarity
    }
}

extension ScanMode: ExpressibleByArgument {}
