import ArgumentParser
import KindredClient
import KindredDomain
import KindredPack

/// The queries of a recommend or similar command.
enum QuerySource: Sendable {
    case users(GivenIDs)
    case items(GivenIDs)
    /// One query: a basket whose members have weights.
    case basket(text: String, GivenIDs, weights: [Float])
    /// The same, for a visitor with these items.
    case clicks(text: String, GivenIDs, weights: [Float])
    /// One query: users, items and vectors with weights.
    case blend([BlendText])
    /// A `.npy` file with one vector per row.
    case vectors(path: String)

    /// The number of queries; nil where a file that is not read yet decides.
    var queryCount: Int? {
        switch self {
        case .users(let given), .items(let given): given.count
        case .basket, .clicks, .blend: 1
        case .vectors: nil
        }
    }

    /// Throws for a query without members where unknown ids are errors: only popular items are an answer to it.
    func checkMembers(unknown: UnknownOption) throws(ValidationError) {
        guard unknown == .strict else { return }
        let (option, text, wanted): (String, String, String)
        switch self {
        case .basket(let given, let ids, _) where ids.ids.isEmpty:
            (option, text, wanted) = ("--basket", given, "at least one ID[:WEIGHT]")
        case .clicks(let given, let ids, _) where ids.ids.isEmpty:
            (option, text, wanted) = ("--clicks", given, "at least one ID[:WEIGHT]")
        case .blend(let parts) where parts.isEmpty:
            (option, text, wanted) = ("--blend", "", "at least one member, such as item=22423")
        default: return
        }
        throw ValidationError(
            "\(option) \(Self.shown(text)): \(wanted); recommend --unknown fallback gives such a visitor popular items"
        )
    }

    private static func shown(_ text: String) -> String { text.isEmpty ? "''" : text }

    /// The queries, each with the text that names it in the output. Ids are converted to the model's kind.
    func queries(
        _ models: ModelLookup, _ model: ModelName?
    ) async throws -> [(text: String, query: Query)] {
        switch self {
        case .users(let given):
            return try await Self.adapted(given, models, model).map { ($0.description, .user($0)) }
        case .items(let given):
            return try await Self.adapted(given, models, model).map { ($0.description, .item($0)) }
        case .basket(let text, let given, let weights):
            let ids = try await Self.adapted(given, models, model)
            return [(text, .basket(zip(ids, weights).map { BasketMember($0, weight: $1) }))]
        case .clicks(let text, let given, let weights):
            let ids = try await Self.adapted(given, models, model)
            return [(text, .clicks(zip(ids, weights).map { BasketMember($0, weight: $1) }))]
        case .blend(let parts):
            var members: [BlendMember] = []
            for part in parts { members += try await part.members(models, model) }
            return [(parts.map(\.text).joined(separator: " "), .blend(members))]
        case .vectors(let path):
            let rows = try VectorFile.rows(of: path)
            return rows.enumerated().map { ("vector \($0 + 1) of \(rows.count)", .vector($1)) }
        }
    }

    static func adapted(
        _ given: GivenIDs, _ models: ModelLookup, _ model: ModelName?
    ) async throws(KindredError) -> [ExternalID] {
        var given = given
        try await models.adapt(&given, to: model)
        given.notes.forEach(CommandOutput.note)
        return given.ids
    }

    /// The ids of all values of an option, in order. Throws where there are none.
    static func ids(
        _ values: [ParsedValue<IDListText>], option: String, side: Side, column: String?
    ) throws -> GivenIDs {
        let all = try IDListText.given(try values.map { try $0.value }, side: side, column: column)
        guard !all.ids.isEmpty else {
            throw ValidationError(
                "\(option) \(Self.shown(values.map(\.description).joined(separator: " "))): at least one id")
        }
        return all
    }

    /// One basket from all values of the option: `ID[:WEIGHT],...`, or `@FILE` with one `ID[:WEIGHT]` per line.
    static func basket(
        _ texts: [ParsedValue<IDListText>], option: String, column: String?
    ) throws -> QuerySource {
        let text = texts.map(\.description).joined(separator: ",")
        let parts = try IDListText.given(try texts.map { try $0.value }, side: .items, column: column)
        var (ids, weights): ([[UInt8]], [Float]) = ([], [])
        for part in parts.ids {
            let (id, weight) = try member(part.description, option)
            ids.append(Array(id.utf8))
            weights.append(weight)
        }
        let given = GivenIDs(name: parts.name, side: .items, ids: ids, notes: parts.notes)
        return option == "--clicks"
            ? .clicks(text: text, given, weights: weights) : .basket(text: text, given, weights: weights)
    }

    /// A member and its weight, as `ID[:WEIGHT]`.
    static func member(_ part: String, _ option: String) throws(ValidationError) -> (
        id: Substring, weight: Float
    ) {
        // An id may contain colons; the last one separates the weight.
        guard let colon = part.lastIndex(of: ":") else { return (part[...], 1) }
        guard let weight = Float(part[part.index(after: colon)...]), colon > part.startIndex else {
            throw ValidationError("\(option): '\(part)' is no ID[:WEIGHT], such as 22423:2.5")
        }
        guard weight.isFinite else {
            throw ValidationError(
                "\(option): the weight of '\(part)' is \(weight): a finite number such as 2.5")
        }
        return (part[..<colon], weight)
    }
}
