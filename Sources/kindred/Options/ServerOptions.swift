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
    @Option(
        parsing: .unconditional,
        help: """
            Seconds that the command may take; of ping, each answer. Default: \
            \(CommandWatch.secondsDefault.shortened) for each answer, and for more rows of an audience.
            """)
    var timeout: Double?
    @Flag(help: "Print JSON, one object per line.")
    var json = false

    func validate() throws {
        _ = try server.value
        if let timeout, !(timeout > 0 && timeout <= Double(Self.timeoutSecondsMax)) {
            throw ValidationError("--timeout \(timeout): above 0, at most \(Self.timeoutSecondsMax)")
        }
    }

    /// What a command line adds to reach the same server; empty for the default one.
    var suffix: String {
        server.description == ParsedValue<Endpoint>.defaultAddress ? "" : " --server \(server)"
    }

    /// Seconds that the command may wait.
    var seconds: Double { timeout ?? CommandWatch.secondsDefault }

    /// Runs `body`, which asks the server of its state, with a connected client and closes it.
    func withClient<Result>(_ body: (KindredClient) async throws -> Result) async throws -> Result {
        try await withSession { try await body($0.client) }
    }

    /// Runs `body` with a connected client and closes it. Errors come with advice that fits the subject.
    ///
    /// `isBounded`: the time that the user gives is of the command as a whole; else of each answer.
    func withSession<Result>(
        about subject: FailureAdvice.Subject = .state, isBounded: Bool = true,
        _ body: (CommandSession) async throws -> Result
    ) async throws -> Result {
        let endpoint = try server.value
        var configuration = ClientConfiguration()
        configuration.timeout = .seconds(seconds)
        configuration.clientName = "kindred command line"
        let client = KindredClient(endpoint, configuration: configuration)
        let watch = CommandWatch(seconds: seconds, isTotal: isBounded && timeout != nil)
        let watcher = Task {
            if await watch.wait() { await client.close() }
        }
        defer { watcher.cancel() }
        do {
            let result = try await body(CommandSession(client: client, watch: watch))
            await client.close()
            return result
        } catch {
            let isOver = await watch.isOver
            let advice = isOver ? [] : await FailureAdvice(subject, self).lines(for: error, client)
            await client.close()
            if isOver {
                throw CommandFailure.timeIsOver(seconds: seconds, isTotal: isBounded && timeout != nil)
            }
            throw AdvisedFailure(error: error, advice: advice)
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
