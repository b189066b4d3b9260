import ArgumentParser
import Dispatch

/// `kindred-bench`: measurements, and long runs that check the promises of a real server.
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
            ReadyCommand.self, LoadCommand.self, FixedCaseCommand.self,
        ])

    /// Runs synchronous commands on the first thread. Valgrind, which counts the work of fixed cases, cannot follow a
    /// process whose first thread has ended, as in an asynchronous program.
    static func main() {
        do {
            var command = try parseAsRoot()
            guard let asynchronous = command as? any AsyncParsableCommand else { return try command.run() }
            nonisolated(unsafe) var running = asynchronous
            Task {
                do {
                    try await running.run()
                    exit()
                } catch {
                    exit(withError: error)
                }
            }
            dispatchMain()
        } catch {
            exit(withError: error)
        }
    }
}
