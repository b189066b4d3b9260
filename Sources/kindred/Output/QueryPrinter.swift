import KindredClient
import KindredDomain
import KindredSystem
import KindredTerminal

/// Prints answers: a table for people, or one JSON object per query and line.
struct QueryPrinter {
    let json: Bool
    /// The side of the results.
    let target: Side
    /// Catalog columns in the requested order.
    let columns: [String]
    /// The rules of the request.
    let rules: Rules
    /// True where unknown ids are answered with popular items.
    let fallsBack: Bool
    /// Members on the exclusions and candidates.
    let listMembers: [JSONMember]

    /// `best`: the best result below the minimum score, where no result reaches it.
    func show(_ query: String, _ answer: Recommendations, best: BestBelowMinimum?) {
        if json { print(JSONWriter.compact(object(query, answer))) } else { table(query, answer, best) }
    }

    private func object(_ query: String, _ answer: Recommendations) -> JSONValue {
        .object(
            [
                JSONMember("query", .string(query)), JSONMember("model", .string(answer.model.description)),
                JSONMember("version", .integer(answer.version)), JSONMember("exact", .bool(answer.isExact)),
                JSONMember("eligible", .integer(answer.eligible)),
                JSONMember("scanned", .integer(answer.scanned)),
            ] + ruleMembers(answer) + listMembers + [
                JSONMember(
                    "results",
                    .array(
                        answer.results.map { result in
                            var members = [
                                JSONMember("id", result.id.json), JSONMember("score", .score(result.score)),
                            ]
                            if fallsBack { members.append(JSONMember("origin", .string(answer.source.name))) }
                            if rules.wantsBecause {
                                members.append(JSONMember("because", result.because?.json ?? .null))
                            }
                            for column in columns {
                                members.append(JSONMember(column, result.columns[column]?.json ?? .null))
                            }
                            return .object(members)
                        }))
            ])
    }

    /// The counts that only queries with rules have.
    private func ruleMembers(_ answer: Recommendations) -> [JSONMember] {
        var members: [JSONMember] = []
        if let unknown = answer.unknownIDs {
            members.append(JSONMember("unknown", .integer(UInt64(unknown))))
        }
        if let taken = answer.taken { members.append(JSONMember("taken", .integer(taken))) }
        return members
    }

    private func table(_ query: String, _ answer: Recommendations, _ best: BestBelowMinimum?) {
        let milliseconds = answer.computeTime.formattedMilliseconds
        let kind = answer.source == .popular ? "popular" : answer.isExact ? "exact" : "partial"
        let heading =
            "model \(answer.model)  version \(answer.version)  \(kind)  "
            + "\(answer.scanned.groupedDigits) \(target) scanned  \(milliseconds) ms  for \(query)"
        print(VisibleText.line(heading))
        if let unknown = answer.unknownIDs, unknown > 0 {
            let rest =
                answer.source == .popular
                ? "popular items stand in"
                : answer.eligible > 0 ? "the answer is from the others" : "nothing else is known"
            CommandOutput.note("\(query): \(unknown) unknown \(unknown == 1 ? "id" : "ids"): \(rest)")
        }
        let because = rules.wantsBecause ? ["because"] : []
        var rows = [["#", target.singular, "score"] + because + columns]
        for (index, result) in answer.results.enumerated() {
            rows.append(
                ["\(answer.offset + index + 1)", result.id.description, result.score.formattedScore]
                    + because.map { _ in result.because?.description ?? "" }
                    + columns.map { result.columns[$0]?.description ?? "" })
        }
        TextTable(rows: rows, rightAligned: [0, 2]).lines.forEach { print("  " + $0) }
        if answer.results.isEmpty {
            print(VisibleText.line("  nothing: \(reason(answer, best))"))
        }
    }

    /// The reason for an empty result.
    private func reason(_ answer: Recommendations, _ best: BestBelowMinimum?) -> String {
        guard answer.eligible > 0 else { return "no \(target.singular) may appear" }
        guard answer.eligible > answer.offset else {
            return
                "\(answer.eligible.groupedDigits) \(target) were eligible, and the offset is \(answer.offset)"
        }
        guard let best else { return "\(answer.eligible.groupedDigits) \(target) were eligible" }
        return
            "none of \(answer.eligible.groupedDigits) eligible \(target) reaches "
            + "\(Double(best.least).shortened); the best, \(best.id), has \(best.score.formattedScore)"
    }
}

extension RowSource {
    /// The name in JSON.
    var name: String {
        switch self {
        case .model: "model"
        case .popular: "popular"
        }
    }
}
