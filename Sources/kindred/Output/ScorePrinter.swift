import KindredClient
import KindredDomain
import KindredSystem
import KindredTerminal

/// Prints the scores of candidates: a table for people, or one JSON object per query and line.
struct ScorePrinter {
    let json: Bool
    /// The side of the candidates.
    let target: Side
    let candidates: [ExternalID]

    func show(_ query: String, _ answer: Scores) {
        if json { print(JSONWriter.compact(object(query, answer))) } else { table(query, answer) }
    }

    private func object(_ query: String, _ answer: Scores) -> JSONValue {
        .object([
            JSONMember("query", .string(query)), JSONMember("model", .string(answer.model.description)),
            JSONMember("version", .integer(answer.version)),
            JSONMember(
                "scores",
                .array(
                    zip(candidates, answer.scores).map { id, score in
                        .object([
                            JSONMember("id", id.json), JSONMember("score", score.map { .score($0) } ?? .null),
                        ])
                    })),
        ])
    }

    private func table(_ query: String, _ answer: Scores) {
        let count = answer.scores.count { $0 != nil }
        let name = query.isEmpty ? "an empty query" : query
        print(
            VisibleText.line(
                "model \(answer.model)  version \(answer.version)  \(count.groupedDigits) of "
                    + "\(candidates.count.groupedDigits) \(target) have a score for \(name)"))
        let rows = zip(candidates, answer.scores).map { id, score in
            [id.description, score?.formattedScore ?? "-"]
        }
        TextTable(rows: [[target.singular, "score"]] + rows, rightAligned: [1]).lines
            .forEach { print("  " + $0) }
    }
}
