import ArgumentParser
import KindredServer

/// `kindred`: the command line for models and servers.
@main
struct KindredCommand: AsyncParsableCommand {
    /// Whether the command line names a command. The program's `--version` does not stand behind one: some commands
    /// have an option of that name, for a model's version.
    private static let namesCommand =
        CommandLineCheck.topic(of: Array(CommandLine.arguments.dropFirst())) != nil

    static let configuration = CommandConfiguration(
        commandName: "kindred",
        abstract: "Exact recommendations and look-alike audiences from precomputed vectors.",
        discussion: """
            Exit status: 0 where all was done, 64 where the command line is wrong, 1 where something failed (errors \
            are lines on standard error that begin with "error: "). 'kindred help health' has the statuses of health.
            """,
        version: namesCommand ? "" : ServerConfiguration.version,
        subcommands: [
            ServeCommand.self, PackCommand.self, VerifyCommand.self, InspectCommand.self,
            RecommendCommand.self,
            SimilarCommand.self, ScoreCommand.self, FilterCommand.self, LookalikeCommand.self,
            ModelsCommand.self, ActivateCommand.self,
            RollbackCommand.self, HealthCommand.self, PingCommand.self, StatsCommand.self,
        ])

    /// Reads the command line, runs the command, and ends the process with its status.
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            let line = CommandLineCheck(arguments: arguments)
            try line.check()
            var command = try await asyncParseAsRoot(line.joined)
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
            try StandardOutput.flush()
        } catch {
            CommandExit.end(with: error, arguments: arguments)
        }
    }
}
