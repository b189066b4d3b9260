import ArgumentParser

/// `kindred-bench slow-reader`: streams a large audience to a slow reader while others send requests.
struct SlowReaderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slow-reader",
        abstract: "Stream everybody to a slow reader while others ask for recommendations.",
        discussion: """
            Exits with 1 where a check does not hold. The goal for recommendations while the audience is \
            found is shown, met or not, and fails nothing.
            """)

    @Option(help: "The kindred binary.")
    var kindred: String
    @Option(help: "Users of the model.")
    var users = 1_000_000
    @Option(help: "Elements of each vector.")
    var dimension = 64
    @Option(help: "Seeds of the audience.")
    var seeds = 1_000
    @Flag(help: "A few seconds: 50,000 users, half a second of slowness; latencies are shown, not judged.")
    var smoke = false
    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try OptionRange.check("--users", users, 1_000...100_000_000)
        try OptionRange.check("--dimension", dimension, 1...1_024)
        guard (1...users / 2).contains(seeds) else {
            throw ValidationError("--seeds \(seeds): 1 to \(users / 2), half of the users")
        }
    }

    func run() async throws {
        let run = try SlowReaderRun(
            users: smoke ? 50_000 : users, items: smoke ? 1_000 : 10_000, dimension: dimension,
            seeds: smoke ? 100 : seeds, slow: smoke ? .milliseconds(500) : .seconds(5),
            judgesLatencies: !smoke)
        try await run.report(binary: kindred).conclude(json: json)
    }
}
