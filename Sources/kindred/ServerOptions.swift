import ArgumentParser
import KindredClient
import KindredDomain
import KindredServer

/// Which server a command talks to, and how it prints.
struct ServerOptions: ParsableArguments {
    private static let readServer = ParsedValue.address("--server")
    private static let timeoutSecondsMax = Limits.standard.timeoutMillisecondsMax / 1_000

    @Option(
        help: "The server's address. (default: \(ParsedValue.defaultAddress))", transform: Self.readServer)
    var server = Self.readServer(ParsedValue.defaultAddress)
    @Option(parsing: .unconditional, help: "Seconds to wait for an answer.")
    var timeout = 30.0
    @Flag(help: "Print JSON, one object per line.")
    var json = false

    func validate() throws {
        _ = try server.value
        guard timeout > 0, timeout <= Double(Self.timeoutSecondsMax) else {
            throw ValidationError("--timeout \(timeout): above 0, at most \(Self.timeoutSecondsMax)")
        }
    }

    /// Runs `body` with a connected client and closes it.
    func withClient<Result>(_ body: (KindredClient) async throws -> Result) async throws -> Result {
        let endpoint = try server.value
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
    @Option(help: "The model. Default: the server's.", transform: ParsedValue.modelName("--model"))
    var model: ParsedValue<ModelName>?
    @Option(parsing: .unconditional, help: "The version that must answer. Default: whatever serves.")
    var version: UInt64?

    func validate() throws { _ = try model?.value }

    var call: CallOptions {
        get throws { CallOptions(model: try model?.value, version: version ?? 0) }
    }
}

/// A side of a model where it is an option. The parser shows a default by its raw value, which a `Side` has for
/// the wire.
enum SideOption: String, ExpressibleByArgument, CaseIterable {
    case items
    case users

    var side: Side {
        switch self {
        case .items: .items
        case .users: .users
        }
    }
}

/// A similarity where it is an option, for the same reason.
enum SimilarityOption: String, ExpressibleByArgument, CaseIterable {
    case dot
    case cosine

    var similarity: Similarity {
        switch self {
        case .dot: .dot
        case .cosine: .cosine
        }
    }
}

extension ScanMode: ExpressibleByArgument {}
