import ArgumentParser

/// `kindred-bench swap`: one version after another under load.
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
        guard (4...Int(ScaledModel.versionMax)).contains(versions) else {
            throw ValidationError("--versions \(versions): 4 to \(ScaledModel.versionMax)")
        }
        guard (ScaledModel.k...10_000_000).contains(rows) else {
            throw ValidationError("--rows \(rows): \(ScaledModel.k) to 10000000")
        }
        guard (1...1_024).contains(dimension) else {
            throw ValidationError("--dimension \(dimension): 1 to 1024")
        }
        guard (1...1_000).contains(connections) else {
            throw ValidationError("--connections \(connections): 1 to 1000")
        }
    }

    func run() async throws {
        let run = SwapRun(
            binary: kindred, versions: UInt64(smoke ? 12 : versions), rows: smoke ? 20_000 : rows,
            dimension: dimension, connections: connections, steadySeconds: smoke ? 0.5 : 5)
        try await run.report().conclude(json: json)
    }
}
