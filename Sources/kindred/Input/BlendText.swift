import ArgumentParser
import KindredClient
import KindredDomain
import KindredPack

/// The value of `--blend`: `user=ID[:WEIGHT]`, `item=ID[:WEIGHT]` or `vector=FILE[:WEIGHT]`.
struct BlendText: Sendable {
    private enum Kind: String {
        case user
        case item
        case vector
    }

    /// The value as it was given.
    let text: String
    private let kind: Kind
    /// An id, or the path of a .npy file.
    private let name: String
    private let weight: Float

    static let option: @Sendable (String) -> ParsedValue<BlendText> = { text in
        ParsedValue(text) { text throws(ValidationError) in try BlendText(text) }
    }

    init(_ text: String) throws(ValidationError) {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else {
            throw ValidationError(
                "--blend \(text): user=ID[:WEIGHT], item=ID[:WEIGHT] or vector=FILE[:WEIGHT], such as item=22423:0.5"
            )
        }
        let (name, weight) = try QuerySource.member(String(parts[1]), "--blend")
        self.text = text
        self.kind = kind
        self.name = String(name)
        self.weight = weight
    }

    /// The members: one, or a vector for each row of a file. Ids are converted to the model's kind.
    func members(_ models: ModelLookup, _ model: ModelName?) async throws -> [BlendMember] {
        switch kind {
        case .user: return try await ids(.users, models, model).map { .user($0, weight: weight) }
        case .item: return try await ids(.items, models, model).map { .item($0, weight: weight) }
        case .vector: return try VectorFile.rows(of: name).map { .vector($0, weight: weight) }
        }
    }

    private func ids(
        _ side: Side, _ models: ModelLookup, _ model: ModelName?
    ) async throws(KindredError) -> [ExternalID] {
        let given = GivenIDs(name: "--blend \(text)", side: side, ids: [Array(name.utf8)], notes: [])
        return try await QuerySource.adapted(given, models, model)
    }
}
