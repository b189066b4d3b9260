import KindredDomain

/// A RECOMMEND with rules, as a load sends it: who asks, and the rules of all its requests.
struct RuleForm: Equatable, Sendable {
    /// Who is asked for.
    enum Queries: Equatable, Sendable {
        /// So many users in one request.
        case users(Int)
        /// A user whom the model does not have.
        case unknownUser
        /// A visitor with so many items.
        case visitor(items: Int)
    }

    /// A name in filters that stands for the number of the request, so that no two requests have the same filter.
    static let numberName = "number"

    let kind: RequestKind
    let queries: Queries
    var rules = RecommendRules()

    var sides: [Side] {
        switch queries {
        case .users, .unknownUser: [.users]
        case .visitor: [.items]
        }
    }

    var queryCount: Int { if case .users(let count) = queries { count } else { 1 } }

    /// Whether a filter names the number of the request.
    private var namesNumber: Bool {
        ([rules.filter].compactMap(\.self) + rules.boosts.map(\.filter)).contains { text in
            text.contains(":\(Self.numberName)")
        }
    }

    /// The rules of a request.
    func rules(ofRequest number: UInt64) -> RecommendRules? {
        var rules = rules
        if namesNumber {
            rules.parameters = [FilterParameter(Self.numberName, .integer(Int64(truncatingIfNeeded: number)))]
        }
        return rules == RecommendRules() ? nil : rules
    }

    /// The form as text.
    var text: String {
        var parts: [String] = []
        switch queries {
        case .users(let count) where count > 1: parts.append("\(count) users")
        case .users, .unknownUser: break
        case .visitor(let items): parts.append("\(items) items")
        }
        if let filter = rules.filter { parts.append(filter) }
        for boost in rules.boosts { parts.append("\(boost.effect) where \(boost.filter)") }
        for cap in rules.caps { parts.append("at most \(cap.countMax) per \(cap.column)") }
        if let diversity = rules.diversity { parts.append("diversity \(diversity.weight)") }
        if rules.offset > 0 { parts.append("offset \(rules.offset)") }
        return kind.rawValue + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
    }
}
