import ArgumentParser

/// `kindred-bench`: measurements, and long runs against a real server that either hold what is promised or say what
/// did not hold.
@main
struct KindredBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kindred-bench",
        abstract:
            "Measures the machine and the engine; runs a server under load and checks what it promises.",
        discussion: "Each command exits with 1 when a check fails, and names the value and what was wanted.",
        subcommands: [
            KernelsCommand.self, EngineCommand.self, EnginePeerCommand.self, LookalikeCommand.self,
            SwapCommand.self, SlowReaderCommand.self, WireCommand.self,
            ReadyCommand.self,
        ])
}
