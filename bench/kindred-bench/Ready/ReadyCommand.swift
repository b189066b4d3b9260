import ArgumentParser

/// `kindred-bench ready`: measures the time until a version serves, and the latency of other requests meanwhile.
struct ReadyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ready",
        abstract: "Measure the start of a server, and the swap of a version under load, from the page cache.",
        discussion: """
            Exits with 1 where an answer changes although all versions hold the same vectors. A goal that is not met \
            is shown and fails nothing.
            """)

    @Option(help: "The kindred binary.")
    var kindred: String
    @Option(help: "Items of each version.")
    var rows = 1_000_000
    @Option(help: "Elements of each vector.")
    var dimension = 64
    @Option(help: "Requests in flight while a version is loaded, over as many connections.")
    var inFlight = 4
    @Option(help: "Starts, and swaps, each with a server of its own.")
    var rounds = 7
    @Flag(help: "A few seconds: 20,000 items, two rounds.")
    var smoke = false
    @Option(help: "Also write everything to this file, as one JSON object.")
    var json: String?

    func validate() throws {
        try OptionRange.check("--rows", rows, 1_000...100_000_000)
        try OptionRange.check("--dimension", dimension, 1...4_096)
        try OptionRange.check("--in-flight", inFlight, 1...1_000)
        try OptionRange.check("--rounds", rounds, 1...1_000)
    }

    func run() async throws {
        if let json { try ReadyReport.createFile(json) }
        let run = try ReadyRun(
            rows: smoke ? 20_000 : rows, dimension: dimension, inFlight: inFlight, rounds: smoke ? 2 : rounds,
            steady: smoke ? .milliseconds(100) : .seconds(1))
        let report = try await run.report(binary: kindred)
        if let json { try report.write(to: json) }
        try report.conclude(json: false)
    }
}
