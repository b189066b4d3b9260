import KindredClient
import KindredDomain
import KindredTerminal

/// Says why an answer has fewer rows than were asked for, as far as the reply tells.
struct ShortAnswerText {
    let k: Int
    let options: RecommendOptions

    private var rules: Rules { options.rules }
    private var rows: String { options.target.description }

    /// Whether the model knows nothing of a query: none of its ids, and it has no vector of its own.
    static func isUnknown(_ query: Query, _ answer: Recommendations) -> Bool {
        let ids: Int
        switch query {
        case .user, .item: ids = 1
        case .vector: return false
        case .basket(let members), .clicks(let members): ids = members.count
        case .blend(let members):
            for case .vector in members { return false }
            ids = members.count
        }
        return answer.unknownIDs == ids
    }

    /// Why an answer is empty.
    func reason(_ query: Query, _ answer: Recommendations, _ best: BestBelowMinimum?) -> String {
        guard answer.eligible > 0 else { return nobody(query, answer) }
        let subject = answer.eligible == 1 ? "\(options.target.singular) was" : "\(rows) were"
        let eligible = "\(answer.eligible.groupedDigits) \(subject) eligible"
        guard answer.eligible > answer.offset else {
            return "\(eligible), and the offset is \(answer.offset)"
        }
        if let best {
            return "none of \(answer.eligible.groupedDigits) eligible \(rows) reaches "
                + "\((Double("\(best.least)") ?? 0).shortened); the best, \(best.id), has \(best.score.formattedScore)"
        }
        let limits = limits(of: answer)
        guard answer.offset > 0, !limits.isEmpty else { return eligible }
        return "\(eligible), of which \(Self.list(limits)) left at most \(answer.offset), "
            + "and the offset is \(answer.offset)"
    }

    /// Why no row may appear.
    private func nobody(_ query: Query, _ answer: Recommendations) -> String {
        if answer.source == .model, Self.isUnknown(query, answer) {
            return answer.unknownIDs == 0
                ? "the query has no members" : "the model knows nothing of the query"
        }
        var names: [String] = []
        if rules.filter != nil || !rules.queryFilters.isEmpty { names.append("the filter") }
        if options.candidates != nil { names.append("--candidates") }
        if !options.exclude.isEmpty { names.append("--exclude") }
        if rules.excludesSeen { names.append("--exclude-seen") }
        if let taken = answer.taken, taken > 0 {
            let passing = names.isEmpty ? "may appear" : "pass \(Self.list(names))"
            return "earlier queries have all \(rows) that \(passing) (--distinct)"
        }
        return names.isEmpty
            ? "no \(options.target.singular) may appear"
            : "no \(options.target.singular) passes \(Self.list(names))"
    }

    /// What cuts a list that has more eligible rows.
    private func limits(of answer: Recommendations) -> [String] {
        var names = rules.caps.isEmpty ? [] : ["the caps"]
        // Popular rows have no minimum score.
        if options.minimumScore != nil, answer.source == .model { names.append("--min-score") }
        return names
    }

    /// A remark on an answer that caps cut below k and below the eligible rows; nil for others.
    func remark(_ answer: Recommendations) -> String? {
        let count = answer.results.count
        guard answer.isExact, !rules.caps.isEmpty, count > 0, answer.eligible > answer.offset else {
            return nil
        }
        let most = min(k, Int(clamping: answer.eligible) - answer.offset)
        guard count < most else { return nil }
        return "\(Self.list(limits(of: answer))) left \(count) of \(most) rows"
    }

    /// `a`, `a and b`, `a, b and c`.
    private static func list(_ names: [String]) -> String {
        guard names.count > 1, let last = names.last else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }
}
