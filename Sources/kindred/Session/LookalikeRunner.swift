import Foundation
import KindredClient
import KindredDomain
import KindredSystem
import KindredTerminal

/// Asks the server for an audience, writes its rows as they arrive, and prints the summary.
struct LookalikeRunner {
    let server: ServerOptions
    let options: LookalikeOptions
    let size: AudienceSize
    /// The file for the rows; nil for standard output.
    let out: String?

    func run(seeds: GivenIDs) async throws {
        let rows = try AudienceRowsOutput(path: out, json: server.json)
        let clock = ContinuousClock()
        let startedAt = clock.now
        let (summary, range) = try await server.withSession(about: .query(options.call.model)) { session in
            var seeds = seeds
            try await session.models.adapt(&seeds, to: options.call.model)
            seeds.notes.forEach(CommandOutput.note)
            do {
                return try await expand(seeds.ids, session, into: rows)
            } catch let error as KindredError where error.name == "UNKNOWN_ID" {
                let examples = UnknownIDText.examples(seeds.ids, of: UInt64(seeds.ids.count))
                CommandOutput.note("the seeds are \(examples)")
                throw error
            }
        }
        let elapsed = clock.now - startedAt
        try rows.finish(summary: Self.members(summary, elapsed: elapsed))
        if !server.json { report(summary, range: range, elapsed: elapsed) }
    }

    /// Writes the rows as they arrive. Returns the summary, and the scores of the first and the last row.
    private func expand(
        _ seeds: [ExternalID], _ session: CommandSession, into rows: AudienceRowsOutput
    ) async throws -> (AudienceStream.Summary, (best: Float, last: Float)?) {
        let stream = try await session.client.lookalike(seeds: seeds, size: size, options: options)
        var range: (best: Float, last: Float)?
        for try await chunk in stream {
            // A chunk without rows is no progress. The time that the reader of the output takes does not count against
            // the server.
            guard let best = chunk.scores.first, let last = chunk.scores.last else { continue }
            await session.timeout.pause()
            try rows.write(chunk)
            await session.timeout.progress()
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
        // With the rows on standard output, the summary goes to standard error.
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
