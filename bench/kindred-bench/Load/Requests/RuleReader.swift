import KindredDomain
import KindredSystem

/// Reads the members of a scenario's requests with rules. What is beyond the protocol's limits is refused.
struct RuleReader {
    private static let limits = Limits.standard

    let file: String
    let kind: RequestKind
    let value: JSONValue

    /// The members that a kind may have beside `share`; nil for a kind without rules.
    static func members(of kind: RequestKind) -> [String]? {
        switch kind {
        case .seen, .because, .fallback: []
        case .attributes: ["where"]
        case .boosts: ["boosts"]
        case .caps: ["caps"]
        case .diversity: ["weight", "pool"]
        case .foldIn: ["items"]
        case .page: ["offset"]
        case .distinct: ["size"]
        case .storefront: ["where", "boosts", "caps", "weight", "pool", "offset"]
        case .ping, .user, .item, .basket, .filtered, .batch, .lookalike: nil
        }
    }

    /// The form of the requests. The server refuses a pool that is too small for the results.
    func form() throws -> RuleForm {
        var rules = RecommendRules()
        var queries = RuleForm.Queries.users(1)
        switch kind {
        case .seen: rules.excludesSeen = true
        case .because: rules.wantsBecause = true
        case .fallback: queries = .unknownUser
        case .attributes: rules.filter = try text("where", of: value)
        case .boosts: rules.boosts = try boosts()
        case .caps: rules.caps = try caps()
        case .diversity: rules.diversity = try diversity()
        case .foldIn: queries = .visitor(items: try number("items", 1...Int(Self.limits.basketMembersMax)))
        case .page: rules.offset = UInt32(try number("offset", 1...Int(Self.limits.kMax)))
        case .distinct:
            queries = .users(try number("size", 2...Int(Self.limits.queriesPerBatchMax)))
            rules.isDistinct = true
        case .storefront:
            rules.excludesSeen = true
            rules.wantsBecause = true
            if value.member("where") != nil { rules.filter = try text("where", of: value) }
            if value.member("boosts") != nil { rules.boosts = try boosts() }
            if value.member("caps") != nil { rules.caps = try caps() }
            if value.member("weight") != nil { rules.diversity = try diversity() }
            if value.member("offset") != nil {
                rules.offset = UInt32(try number("offset", 0...Int(Self.limits.kMax)))
            }
        case .ping, .user, .item, .basket, .filtered, .batch, .lookalike:
            preconditionFailure("a kind without rules")
        }
        return RuleForm(kind: kind, queries: queries, rules: rules)
    }

    private func failure(_ field: String, _ found: JSONValue?, _ wanted: String) -> FileFailure {
        FileFailure(
            file: file, field: "\(kind.rawValue).\(field)", found: found?.summary ?? "absent", wanted: wanted)
    }

    private func text(_ name: String, of object: JSONValue) throws -> String {
        guard let text = object.member(name)?.text, !text.isEmpty,
            text.utf8.count <= Int(Self.limits.filterBytesMax)
        else {
            throw failure(
                name, object.member(name), "the text of a filter, at most \(Self.limits.filterBytesMax) bytes"
            )
        }
        return text
    }

    private func number(_ name: String, _ range: ClosedRange<Int>) throws -> Int {
        guard let number = value.member(name)?.unsigned.flatMap(Int.init(exactly:)), range.contains(number)
        else {
            throw failure(
                name, value.member(name), "a whole number, \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func double(_ value: JSONValue?) -> Double? {
        guard case .number(let digits)? = value else { return nil }
        return Double(digits)
    }

    /// `[{"where": "stock < 5", "multiply": 0.8}, {"where": "season = 2", "add": 0.1}]`.
    private func boosts() throws -> [BoostRule] {
        let wanted = "at most \(Self.limits.boostsMax) objects with where, and with multiply or add"
        guard case .array(let elements)? = value.member("boosts"), !elements.isEmpty,
            elements.count <= Self.limits.boostsMax
        else { throw failure("boosts", value.member("boosts"), wanted) }
        return try elements.map { element in
            let effect: BoostEffect
            switch (Self.double(element.member("multiply")), Self.double(element.member("add"))) {
            case (let factor?, nil): effect = .multiply(factor)
            case (nil, let term?): effect = .add(term)
            default: throw failure("boosts", element, wanted)
            }
            do {
                try effect.check(0)
            } catch {
                throw failure("boosts", element, "a finite number, and a factor above 0")
            }
            return BoostRule(where: try text("where", of: element), effect)
        }
    }

    /// `{"brand": 2}`.
    private func caps() throws -> [GroupCap] {
        let wanted = "at most \(Self.limits.capsMax) columns, each with a whole number from 1 on"
        guard case .object(let members)? = value.member("caps"), !members.isEmpty,
            members.count <= Self.limits.capsMax
        else { throw failure("caps", value.member("caps"), wanted) }
        return try members.map { member in
            guard let count = member.value.unsigned.flatMap(UInt32.init(exactly:)), count > 0 else {
                throw failure("caps.\(member.name)", member.value, wanted)
            }
            return GroupCap(member.name, atMost: count)
        }
    }

    private func diversity() throws -> Diversity {
        guard let weight = Self.double(value.member("weight")), weight >= 0, weight <= 1 else {
            throw failure("weight", value.member("weight"), "a number, 0 to 1")
        }
        guard value.member("pool") != nil else { return Diversity(weight: weight) }
        return Diversity(weight: weight, pool: UInt32(try number("pool", 1...Int(Self.limits.poolMax))))
    }
}
