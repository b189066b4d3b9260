import ArgumentParser

/// `kindred-bench`: long runs against a real server that either hold what is promised or say what did not hold.
@main
struct KindredBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kindred-bench",
        abstract: "Runs a server under load and checks what it promises.",
        discussion: "Each command exits with 1 when a check fails, and names the value and what was wanted.",
        subcommands: [SwapCommand.self, SlowReaderCommand.self])
}
