import Foundation
import KindredDomain
import KindredModel
import KindredSystem

/// Reads a scenario from a JSON file. Unknown members and values outside the limits are refused.
struct ScenarioReader {
    private static let byteCountMax = 1 << 20
    /// Tolerance of the sum of shares, for rounded decimal fractions.
    private static let shareTolerance = 1e-6
    private static let limits = Limits.standard
    private static let seedsMax = 10_000

    private let file: String

    /// Reads a file. Throws `FileFailure` with the member, its value and the accepted values.
    static func read(_ path: String) throws -> Scenario {
        let reader = ScenarioReader(file: path)
        guard let data = FileManager.default.contents(atPath: path) else {
            throw reader.failure("the file", "unreadable", "a scenario in JSON")
        }
        guard data.count <= byteCountMax else {
            throw reader.failure("the size", "\(data.count) bytes", "at most \(byteCountMax)")
        }
        return try read(data, file: path)
    }

    /// Reads a document. `file`: its name in failures.
    static func read(_ document: Data, file: String) throws -> Scenario {
        let value = try document.withUnsafeBytes { bytes in try JSONParser.parse(bytes, file: file) }
        return try ScenarioReader(file: file).scenario(value)
    }

    private func failure(_ field: String, _ found: String, _ wanted: String) -> FileFailure {
        FileFailure(file: file, field: field, found: found, wanted: wanted)
    }

    private func scenario(_ document: JSONValue) throws -> Scenario {
        let kinds = RequestKind.allCases.map(\.rawValue)
        guard case .object(let members) = document else {
            throw failure("the document", document.summary, "an object with members of \(kinds)")
        }
        var parts: [Scenario.Part] = []
        for member in members {
            guard let kind = RequestKind(rawValue: member.name) else {
                throw failure("member \(member.name)", member.value.summary, "one of \(kinds)")
            }
            parts.append(try part(kind, member.value))
        }
        let sum = parts.reduce(0) { $0 + $1.share }
        guard abs(sum - 1) <= Self.shareTolerance else {
            throw failure("the sum of all shares", "\(sum)", "1")
        }
        return Scenario(parts: parts)
    }

    private func part(_ kind: RequestKind, _ value: JSONValue) throws -> Scenario.Part {
        let known = Self.members(of: kind)
        guard case .object(let members) = value else {
            throw failure(kind.rawValue, value.summary, "an object with the members \(known)")
        }
        for member in members where !known.contains(member.name) {
            throw failure("\(kind.rawValue).\(member.name)", member.value.summary, "one of \(known)")
        }
        guard case .number(let digits)? = value.member("share"), let share = Double(digits), share > 0,
            share <= 1
        else {
            throw failure(
                "\(kind.rawValue).share", value.member("share")?.summary ?? "absent", "a number above 0, to 1"
            )
        }
        return Scenario.Part(form: try form(kind, value), share: share)
    }

    private static func members(of kind: RequestKind) -> [String] {
        switch kind {
        case .ping, .user, .item: ["share"]
        case .basket: ["share", "members"]
        case .filtered: ["share", "excluded", "candidates"]
        case .batch: ["share", "size"]
        case .lookalike: ["share", "seeds", "size"]
        default: ["share"] + (RuleReader.members(of: kind) ?? [])
        }
    }

    private func form(_ kind: RequestKind, _ value: JSONValue) throws -> RequestForm {
        func number(_ name: String, _ range: ClosedRange<Int>, orElse absent: Int? = nil) throws -> Int {
            if value.member(name) == nil, let absent { return absent }
            guard let number = value.member(name)?.unsigned.flatMap(Int.init(exactly:)),
                range.contains(number)
            else {
                throw failure(
                    "\(kind.rawValue).\(name)", value.member(name)?.summary ?? "absent",
                    "a whole number, \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        switch kind {
        case .ping: return .ping
        case .user: return .user
        case .item: return .item
        case .basket: return .basket(members: try number("members", 1...Int(Self.limits.basketMembersMax)))
        case .filtered:
            let excluded = try number("excluded", 0...Int(Self.limits.excludedIDsMax), orElse: 0)
            let candidates = try number("candidates", 0...Int(Self.limits.candidatesMax), orElse: 0)
            guard excluded + candidates > 0 else {
                throw failure("filtered", "without both", "excluded or candidates, at least 1")
            }
            return .filtered(excluded: excluded, candidates: candidates)
        case .seen, .attributes, .boosts, .caps, .diversity, .foldIn, .page, .because, .fallback, .distinct,
            .storefront:
            return .ruled(try RuleReader(file: file, kind: kind, value: value).form())
        case .batch: return .batch(size: try number("size", 1...Int(Self.limits.queriesPerBatchMax)))
        case .lookalike:
            return .lookalike(
                seeds: try number("seeds", 1...Self.seedsMax), size: try size(value.member("size")))
        }
    }

    /// A number of users, or a share of all users as "P%".
    private func size(_ value: JSONValue?) throws -> AudienceSize {
        if let count = value?.unsigned, count > 0 { return .count(count) }
        if let text = value?.text, text.hasSuffix("%"), let percent = Double(text.dropLast()),
            let parts = UInt32(exactly: (percent * 10_000).rounded()), parts > 0, parts <= Limits.shareMax
        {
            return .share(partsPerMillion: parts)
        }
        throw failure(
            "lookalike.size", value?.summary ?? "absent",
            "a number of users such as 1000, or a share of all users such as \"1%\"")
    }
}
