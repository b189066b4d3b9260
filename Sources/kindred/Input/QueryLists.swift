import KindredClient
import KindredDomain

/// The exclusions and candidates of a command, which every query shares.
struct QueryLists: Sendable {
    /// Ids that must not appear; nil where the option is absent.
    var exclude: GivenIDs?
    /// The only ids that may appear; nil where all may.
    var candidates: GivenIDs?

    /// Reads the lists of the options. Throws for a list above the protocol's limit.
    init(
        exclude: [IDListText], candidates: [IDListText], side: Side, column: String?
    ) throws(CommandFailure) {
        let limits = Limits.standard
        if !exclude.isEmpty {
            let list = try Self.read(exclude, side, column, limit: limits.excludedIDsMax)
            self.exclude = list
            if list.ids.isEmpty { CommandOutput.note("\(list.name) has no ids: nothing is excluded") }
        }
        if !candidates.isEmpty {
            let list = try Self.read(candidates, side, column, limit: limits.candidatesMax)
            guard !list.ids.isEmpty else { throw .empty(list.name) }
            self.candidates = list
        }
    }

    private static func read(
        _ texts: [IDListText], _ side: Side, _ column: String?, limit: UInt32
    ) throws(CommandFailure) -> GivenIDs {
        var list = try IDListText.given(texts, side: side, column: column)
        list.dropRepeated()
        guard list.ids.count <= Int(limit) else {
            throw .tooManyIDs(list.name, count: list.ids.count, limit: UInt64(limit))
        }
        return list
    }

    /// Converts the ids to the model's kind and prints the notes.
    mutating func adapt(_ models: ModelLookup, _ model: ModelName?) async throws(KindredError) {
        if exclude != nil { try await models.adapt(&exclude!, to: model) }
        if candidates != nil { try await models.adapt(&candidates!, to: model) }
        for list in [exclude, candidates].compactMap({ $0 }) { list.notes.forEach(CommandOutput.note) }
    }
}
