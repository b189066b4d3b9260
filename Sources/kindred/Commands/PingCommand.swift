import ArgumentParser
import KindredClient
import KindredSystem
import KindredTerminal

/// `kindred ping`: measures round trips to the server.
struct PingCommand: AsyncParsableCommand {
    private static let intervalSecondsMax = 3_600.0

    static let configuration = CommandConfiguration(
        commandName: "ping", abstract: "The time to the server and back.",
        discussion: "That the server answers does not mean that a model serves: 'kindred health' says so.")

    @OptionGroup var server: ServerOptions
    @Option(
        name: .short, parsing: .unconditional, help: "How many times. (default: 4)",
        transform: NumberText.whole(4))
    var count = 4
    @Option(
        parsing: .unconditional, help: "Seconds between one and the next. (default: 1.0)",
        transform: NumberText.number(0.5))
    var interval = 1.0

    func validate() throws {
        guard count > 0 else { throw ValidationError("-c \(count): at least 1") }
        guard interval >= 0, interval <= Self.intervalSecondsMax else {
            throw ValidationError(
                "--interval \(interval): 0 to \(Self.intervalSecondsMax.shortened) seconds")
        }
    }

    func run() async throws {
        try await server.withSession(isBounded: false) { session in
            for number in 1...count {
                if number > 1 {
                    await session.timeout.pause()
                    try await Task.sleep(for: .seconds(interval))
                }
                await session.timeout.progress()
                let time = try await session.client.ping()
                if server.json {
                    try CommandOutput.result(
                        JSONWriter.compact(.object([JSONMember("ms", .real(time.inMilliseconds))])))
                } else {
                    try CommandOutput.result(
                        "pong \(number) from \(server.server): \(time.formattedMilliseconds) ms")
                }
            }
        }
    }
}
