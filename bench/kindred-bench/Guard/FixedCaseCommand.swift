import ArgumentParser

/// `kindred-bench fixed-case`: a case whose instructions somebody else counts.
struct FixedCaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fixed-case",
        abstract: "Answer the queries of a fixed case on one thread, for a tool that counts what that takes.",
        discussion: """
            Prints one JSON object. What the making of the vectors takes is told from the queries by running the case \
            twice, with different numbers of queries.
            """)

    @Argument(help: "alone, batch or filtered.") var name: FixedCase
    @Option(help: "Queries, at least; whole batches are answered.") var queries = 128
    @Option(help: "The folder of the version that the filtered case's vectors are drawn like.")
    var shipped = "models/online-retail/2"

    func validate() throws {
        try OptionRange.check("--queries", queries, 1...1_000_000)
    }

    func run() throws {
        print(try name.run(queries: queries, shipped: shipped).json)
    }
}
