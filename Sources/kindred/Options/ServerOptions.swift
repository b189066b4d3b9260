import ArgumentParser
import KindredClient
import KindredDomain

/// Options for the server to ask and the form of the output.
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
            \(CommandTimeout.secondsDefault.shortened) for each answer, and for more rows of an audience.
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

    /// The option that reaches the same server from another command; empty for the default address.
    var suffix: String {
        server.description == ParsedValue<Endpoint>.defaultAddress ? "" : " --server \(server)"
    }

    /// Seconds that the command waits.
    var seconds: Double { timeout ?? CommandTimeout.secondsDefault }
}
