import KindredClient
import KindredDomain
import KindredSystem
import KindredTerminal

/// Prints answers: a table for people, or one JSON object per query and line.
struct QueryPrinter {
    let json: Bool
    let k: Int
    /// The request's options.
    let options: RecommendOptions
    /// Members on the exclusions and candidates.
    let listMembers: [JSONMember]

    /// `text` names the query. `best`: the best result below the minimum score, where no result reaches it.
    func show(_ text: String, _ query: Query, _ answer: Recommendations, best: BestBelowMinimum?) {
        if json { print(JSONWriter.compact(object(text, answer))) } else { table(text, query, answer, best) }
    }

    private var target: Side { options.target }
    private var rules: Rules { options.rules }
    /// Catalog columns in the requested order.
    private var columns: [String] { options.columns }

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
                            if options.unknownIDs == .fallback {
                                members.append(JSONMember("origin", .string(answer.source.name)))
                            }
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

    private func table(
        _ text: String, _ query: Query, _ answer: Recommendations, _ best: BestBelowMinimum?
    ) {
        let name = text.isEmpty ? "an empty query" : text
        let milliseconds = answer.computeTime.formattedMilliseconds
        let kind = answer.source == .popular ? "popular" : answer.isExact ? "exact" : "partial"
        let heading =
            "model \(answer.model)  version \(answer.version)  \(kind)  "
            + "\(answer.scanned.groupedDigits) \(target) scanned  \(milliseconds) ms  for \(name)"
        print(VisibleText.line(heading))
        let reasons = ShortAnswerText(k: k, options: options)
        if let unknown = answer.unknownIDs, unknown > 0 {
            let rest =
                answer.source == .popular
                ? "popular items stand in"
                : ShortAnswerText.isUnknown(query, answer)
                    ? "nothing else is known" : "the answer is from the others"
            CommandOutput.note("\(name): \(unknown) unknown \(unknown == 1 ? "id" : "ids"): \(rest)")
        } else if answer.source == .popular {
            CommandOutput.note("\(name): popular items stand in")
        }
        if let remark = reasons.remark(answer) { CommandOutput.note("\(name): \(remark)") }
        let because = rules.wantsBecause ? ["because"] : []
        let own = ["#", target.singular, "score"] + because
        // A column may have the name of a heading that stands there already.
        var rows = [own + columns.map { own.contains($0) ? "\($0) (catalog)" : $0 }]
        for (index, result) in answer.results.enumerated() {
            rows.append(
                [
                    "\(answer.offset + index + 1)", result.id.description,
                    // A popular item without popularity has the least score, which no number of orders is.
                    answer.source == .popular && result.score == -.greatestFiniteMagnitude
                        ? "none" : result.score.formattedScore,
                ]
                    + because.map { _ in result.because?.description ?? "" }
                    + columns.map { result.columns[$0]?.description ?? "" })
        }
        TextTable(rows: rows, rightAligned: [0, 2]).lines.forEach { print("  " + $0) }
        if answer.results.isEmpty {
            print(VisibleText.line("  nothing: \(reasons.reason(query, answer, best))"))
        }
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
