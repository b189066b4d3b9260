import KindredClient
import KindredDomain
import KindredModel
import KindredSystem
import KindredTerminal

/// Prints the answers to queries: a table for people, one JSON object per query and line for programs.
struct QueryPrinter {
    let json: Bool
    /// `item` or `user`: what the ids of the results are.
    let target: Side
    /// In the order they were asked for.
    let columns: [String]
    /// What is known of the lists that go with every query.
    let listMembers: [JSONMember]

    /// `best`: what is the best where nothing reaches the least score.
    func show(_ query: String, _ answer: Recommendations, best: BestBelow?) {
        if json { print(JSONWriter.compact(object(query, answer))) } else { table(query, answer, best) }
    }

    /// A query that failed: to standard output as JSON, where a program expects one line per query.
    func show(_ query: String, _ error: KindredError) {
        guard json else {
            // A basket is not the id that is unknown.
            let isOfQuery = error.name == "UNKNOWN_ID" && error.message.contains("'\(query)'")
            let guess = isOfQuery ? UnknownIDText.guess(ExternalID(query)) : nil
            return CommandOutput.error("\(query): \(error)\(guess.map { " (\($0))" } ?? "")")
        }
        print(
            JSONWriter.compact(
                .object([
                    JSONMember("query", .string(query)),
                    JSONMember(
                        "error",
                        .object([
                            JSONMember("code", .integer(error.code)), JSONMember("name", .string(error.name)),
                            JSONMember("message", .string(error.message)),
                        ])),
                ])))
    }

    private func object(_ query: String, _ answer: Recommendations) -> JSONValue {
        .object(
            [
                JSONMember("query", .string(query)), JSONMember("model", .string(answer.model.description)),
                JSONMember("version", .integer(answer.version)), JSONMember("exact", .bool(answer.isExact)),
                JSONMember("eligible", .integer(answer.eligible)),
                JSONMember("scanned", .integer(answer.scanned)),
            ] + listMembers + [
                JSONMember(
                    "results",
                    .array(
                        answer.results.map { result in
                            var members = [
                                JSONMember("id", result.id.json), JSONMember("score", .score(result.score)),
                            ]
                            for column in columns {
                                members.append(JSONMember(column, result.columns[column]?.json ?? .null))
                            }
                            return .object(members)
                        }))
            ])
    }

    private func table(_ query: String, _ answer: Recommendations, _ best: BestBelow?) {
        let milliseconds = answer.computeTime.formattedMilliseconds
        let heading =
            "model \(answer.model)  version \(answer.version)  \(answer.isExact ? "exact" : "partial")  "
            + "\(answer.scanned.groupedDigits) \(target) scanned  \(milliseconds) ms  for \(query)"
        print(VisibleText.line(heading))
        var rows = [["#", target.singular, "score"] + columns]
        for (index, result) in answer.results.enumerated() {
            rows.append(
                ["\(index + 1)", result.id.description, result.score.formattedScore]
                    + columns.map { result.columns[$0]?.description ?? "" })
        }
        TextTable(rows: rows, rightAligned: [0, 2]).lines.forEach { print("  " + $0) }
        if answer.results.isEmpty {
            print(VisibleText.line("  nothing: \(reason(answer, best))"))
        }
    }

    /// Why there are no results.
    private func reason(_ answer: Recommendations, _ best: BestBelow?) -> String {
        guard answer.eligible > 0 else { return "no \(target.singular) may appear" }
        guard let best else { return "\(answer.eligible.groupedDigits) \(target) were eligible" }
        return
            "none of \(answer.eligible.groupedDigits) eligible \(target) reaches "
            + "\(Double(best.least).shortened); the best, \(best.id), has \(best.score.formattedScore)"
    }
}

extension ExternalID {
    var json: JSONValue {
        switch self {
        case .number(let value): .integer(value)
        case .text: .string(description)
        }
    }
}

extension ColumnValue: CustomStringConvertible {
    var json: JSONValue {
        switch self {
        case .integer(let value): .integer(value)
        case .real(let value): .real(value)
        case .text(let text): .string(text)
        }
    }

    /// The value as it stands in a table.
    public var description: String {
        switch self {
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .text(let text): text
        }
    }
}

extension JSONValue {
    /// The shortest decimal that reads back as the same float32.
    static func score(_ score: Float) -> JSONValue { .number("\(score)") }
}

extension Float {
    /// Four decimals, or more digits where those would say nothing.
    var formattedScore: String {
        magnitude >= 1e6 || (magnitude < 1e-3 && self != 0) ? "\(self)" : Double(self).fixed(4)
    }
}

extension Duration {
    var formattedMilliseconds: String {
        let hundredths = (inMilliseconds * 100).rounded() / 100
        return hundredths == hundredths.rounded() ? "\(Int(hundredths))" : "\(hundredths)"
    }
}
