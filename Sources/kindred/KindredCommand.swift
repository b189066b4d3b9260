import ArgumentParser
import KindredServer

/// `kindred`: everything a person or a script does with models and servers.
@main
struct KindredCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kindred",
        abstract: "Exact recommendations and look-alike audiences from precomputed vectors.",
        version: ServerConfiguration.version,
        subcommands: [
            ServeCommand.self, PackCommand.self, VerifyCommand.self, InspectCommand.self,
            RecommendCommand.self,
            SimilarCommand.self, LookalikeCommand.self, ModelsCommand.self, ActivateCommand.self,
            RollbackCommand.self, PingCommand.self, StatsCommand.self,
        ])
}
