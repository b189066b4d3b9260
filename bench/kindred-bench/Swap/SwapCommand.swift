import ArgumentParser

/// `kindred-bench swap`: publishes version after version under load.
struct SwapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swap", abstract: "Publish version after version while requests run without pause.")

    @Option(help: "The kindred binary.")
    var kindred: String
    @Option(help: "Versions to publish, at most \(ScaledModel.versionMax).")
    var versions = 200
    @Option(help: "Items of each version.")
    var rows = 100_000
    @Option(help: "Elements of each vector.")
    var dimension = 64
    @Option(help: "Connections, with one request in flight each.")
    var connections = 16
    @Flag(help: "A few seconds: 12 versions of 20,000 items.")
    var smoke = false
    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try OptionRange.check("--versions", versions, 4...Int(ScaledModel.versionMax))
        try OptionRange.check("--rows", rows, ScaledModel.k...10_000_000)
        try OptionRange.check("--dimension", dimension, 1...1_024)
        try OptionRange.check("--connections", connections, 1...1_000)
    }

    func run() async throws {
        let run = SwapRun(
            binary: kindred, versions: UInt64(smoke ? 12 : versions), rows: smoke ? 20_000 : rows,
            dimension: dimension, connections: connections, steadySeconds: smoke ? 0.5 : 5)
        try await run.report().conclude(json: json)
    }
}
