import ArgumentParser
import KindredClient
import KindredDomain

/// Options for the server to ask and the form of the output.
struct ServerOptions: ParsableArguments {
    private static let readServer = ParsedValue.address("--server")
    private static let timeoutSecondsMax = Limits.standard.timeoutMillisecondsMax / 1_000

    @Option(
        help: "The server's address, HOST or HOST:PORT. (default: \(ParsedValue.defaultAddress))",
        transform: Self.readServer)
    var server = Self.readServer(ParsedValue.defaultAddress)
    @Option(
        parsing: .unconditional,
        help: """
            Seconds that the whole command may take; with ping, that each answer may take. Without it, each answer, \
            and each further part of an audience, may take \(CommandTimeout.secondsDefault.shortened) seconds.
            """,
        transform: NumberText.number(0.5))
    var timeout: Double?
    @Flag(help: "Print JSON, one object per line.")
    var json = false

    func validate() throws {
        _ = try server.value
        if let timeout, !(timeout > 0 && timeout <= Double(Self.timeoutSecondsMax)) {
            throw ValidationError("--timeout \(timeout): above 0, at most \(Self.timeoutSecondsMax)")
        }
    }

    /// The option that reaches the same server from another command; empty for the default address.
    var suffix: String {
        server.description == ParsedValue<Endpoint>.defaultAddress ? "" : " --server \(server)"
    }

    /// Seconds that the command waits.
    var seconds: Double { timeout ?? CommandTimeout.secondsDefault }
}
