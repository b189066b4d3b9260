import ArgumentParser
import KindredClient
import KindredDomain

/// `kindred lookalike`: finds the users most similar to the seeds.
struct LookalikeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lookalike", abstract: "The users most like the seeds, best first.",
        discussion: """
            The size is a number of users (5000), a share of all users (1%), or every user who scores at least a \
            value ('>=0.8'). Rows are id,score, best first, in the file of --out or on standard output; with \
            --json and no --out they are "results" of the one object that is printed.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions
    @Option(
        help: "A file of users, one per line or a table (CSV) with a column of them; - is standard input.")
    var seeds: [String]
    @Option(help: "The column of ids in a file that has several: its heading, or its number from 1.")
    var column: String?
    @Option(parsing: .unconditional, help: "N, P% or '>=S'.", transform: AudienceSizeText.option)
    var size: ParsedValue<AudienceSize>
    @Option(help: "Write the rows to this file as id,score.")
    var out: String?
    @Option(help: "dot or cosine.")
    var similarity = SimilarityOption.cosine
    @Flag(help: "Seeds may appear in the audience.")
    var includeSeeds = false

    func validate() throws {
        _ = try size.value
        try OptionValues.checkStandardInput(seeds.map { ("--seeds", $0 == "-") })
    }

    func run() async throws {
        var options = LookalikeOptions()
        options.call = try model.call
        options.similarity = similarity.similarity
        options.includesSeeds = includeSeeds
        let runner = LookalikeRunner(server: server, options: options, size: try size.value, out: out)
        try await runner.run(seeds: try readSeeds())
    }

    private func readSeeds() throws -> GivenIDs {
        let given = try IDFile.read(seeds, option: "--seeds", side: .users, column: column)
        guard !given.ids.isEmpty else { throw CommandFailure.empty(given.name) }
        guard UInt64(given.ids.count) <= Limits.standard.seedsMax else {
            throw CommandFailure.tooManyIDs(
                given.name, count: given.ids.count, limit: Limits.standard.seedsMax)
        }
        return given
    }
}
