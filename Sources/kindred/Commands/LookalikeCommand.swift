import ArgumentParser
import Foundation
import KindredClient
import KindredDomain
import KindredModel
import KindredSystem
import KindredTerminal

/// `kindred lookalike`: the users most like the seeds.
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
        let given = try IDFile.read(seeds, option: "--seeds", side: .users, column: column)
        guard !given.ids.isEmpty else { throw CommandFailure.empty(given.name) }
        guard UInt64(given.ids.count) <= Limits.standard.seedsMax else {
            throw CommandFailure.tooManyIDs(
                given.name, count: given.ids.count, limit: Limits.standard.seedsMax)
        }
        var options = LookalikeOptions()
        options.call = try model.call
        options.similarity = similarity.similarity
        options.includesSeeds = includeSeeds
        let size = try size.value
        let rows = try AudienceRowsOutput(path: out, json: server.json)
        let clock = ContinuousClock()
        let startedAt = clock.now
        let (summary, range) = try await server.withSession(about: .query(options.call.model)) {
            [options] session in
            var given = given
            try await session.models.adapt(&given, to: options.call.model)
            given.notes.forEach(CommandOutput.note)
            do {
                return try await Self.expand(given.ids, size, options, session, into: rows)
            } catch let error as KindredError where error.name == "UNKNOWN_ID" {
                let examples = UnknownIDText.examples(given.ids, of: UInt64(given.ids.count))
                CommandOutput.note("the seeds are \(examples)")
                throw error
            }
        }
        let members = Self.members(summary, elapsed: clock.now - startedAt)
        try rows.finish(summary: members)
        if !server.json { report(summary, range: range, elapsed: clock.now - startedAt) }
    }

    /// Writes the rows as they come; the summary, and the scores of the first and the last row.
    private static func expand(
        _ seeds: [ExternalID], _ size: AudienceSize, _ options: LookalikeOptions, _ session: CommandSession,
        into rows: AudienceRowsOutput
    ) async throws -> (AudienceStream.Summary, (best: Float, last: Float)?) {
        let stream = try await session.client.lookalike(seeds: seeds, size: size, options: options)
        var range: (best: Float, last: Float)?
        for try await chunk in stream {
            // Without rows nothing has come; and the time that their reader takes is not the server's.
            guard let best = chunk.scores.first, let last = chunk.scores.last else { continue }
            await session.watch.pause()
            try rows.write(chunk)
            await session.watch.progress()
            range = (range?.best ?? best, last)
        }
        return (try await stream.summary(), range)
    }

    private static func members(_ summary: AudienceStream.Summary, elapsed: Duration) -> [JSONMember] {
        [
            JSONMember("seeds", .integer(summary.seedsReceived)),
            JSONMember("matched", .integer(summary.seedsMatched)),
            JSONMember("duplicate", .integer(summary.seedsDuplicate)),
            JSONMember("unmatched", .integer(summary.seedsUnmatched)),
            JSONMember("unmatched_examples", .array(summary.unmatchedExamples.map(\.json))),
            JSONMember("rows", .integer(summary.rows)), JSONMember("eligible", .integer(summary.eligible)),
            JSONMember("model", .string(summary.model.description)),
            JSONMember("version", .integer(summary.version)),
            JSONMember("elapsed_ms", .number(elapsed.formattedMilliseconds)),
        ]
    }

    private func report(
        _ summary: AudienceStream.Summary, range: (best: Float, last: Float)?, elapsed: Duration
    ) {
        let milliseconds = elapsed.formattedMilliseconds
        let share = Double(summary.seedsMatched) * 100 / Double(max(1, summary.seedsReceived))
        var line = "seeds \(summary.seedsReceived.groupedDigits)   "
        line += "matched \(summary.seedsMatched.groupedDigits) (\((share * 10).rounded() / 10) %)   "
        line += "audience \(summary.rows.groupedDigits) of \(summary.eligible.groupedDigits)   "
        if let range { line += "scores \(range.best.formattedScore) .. \(range.last.formattedScore)   " }
        line += "\(milliseconds) ms"
        // Beside the rows on standard output, the summary must not look like one.
        if out == nil {
            try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
        } else {
            print(line)
        }
        if !summary.unmatchedExamples.isEmpty {
            let shown = UnknownIDText.examples(summary.unmatchedExamples, of: summary.seedsUnmatched)
            let subject =
                summary.seedsUnmatched == 1
                ? "1 seed is" : "\(summary.seedsUnmatched.groupedDigits) seeds are"
            CommandOutput.note("\(subject) not among the model's users: \(shown)")
        }
    }
}

/// The size of an audience as text: `N`, `P%` or `>=S`.
enum AudienceSizeText {
    static let option: @Sendable (String) -> ParsedValue<AudienceSize> = { ParsedValue($0, size) }

    /// Percent: one part per million.
    private static let shareMinimum = 0.0001

    private static func size(_ text: String) throws(ValidationError) -> AudienceSize {
        let wrong = ValidationError("--size \(text): \(rule(for: text))")
        if text.hasPrefix(">=") {
            guard let score = Float(text.dropFirst(2).trimmingCharacters(in: .whitespaces)), score.isFinite
            else {
                throw wrong
            }
            return .minimumScore(score)
        }
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast().trimmingCharacters(in: .whitespaces)), percent > 0,
                percent <= 100
            else { throw wrong }
            guard percent >= shareMinimum else {
                throw ValidationError("--size \(text): a share is at least 0.0001% (one in a million)")
            }
            return .share(partsPerMillion: UInt32((percent * 10_000).rounded()))
        }
        guard let count = UInt64(text), count > 0 else { throw wrong }
        return .count(count)
    }

    /// What would be right, with the share that a fraction probably means.
    private static func rule(for text: String) -> String {
        guard let fraction = Double(text), fraction > 0, fraction < 1 else {
            return "a number of users, a share such as 1%, or '>=0.8'"
        }
        let share = (fraction * 1e8).rounded() / 1e6
        return "a share is written \(share.shortened)%, a least score '>=\(text)', a number of users as it is"
    }
}
