import KindredClient
import KindredDomain
import KindredModel
import KindredSystem
import KindredTerminal

/// The lists of ids that go with every query of a command.
struct QueryLists: Sendable {
    /// Ids that must not appear; nil: none were given.
    var exclude: GivenIDs?
    /// Only these may appear; nil: all.
    var candidates: GivenIDs?

    /// Reads the lists of options, none where an option was not given. Throws for one that is longer than a request may
    /// have.
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

    /// Reads the ids as those of a model's kind, and says how they were read.
    mutating func adapt(_ models: ModelLookup, _ model: ModelName?) async throws(KindredError) {
        if exclude != nil { try await models.adapt(&exclude!, to: model) }
        if candidates != nil { try await models.adapt(&candidates!, to: model) }
        for list in [exclude, candidates].compactMap({ $0 }) { list.notes.forEach(CommandOutput.note) }
    }
}

/// How many ids of the lists a model has.
struct ListReport: Sendable {
    /// The ids of one list that the model does not have.
    struct Unknown: Sendable {
        let list: GivenIDs
        /// In the order of the list.
        let ids: [ExternalID]
    }

    /// Unknown ids that the JSON names.
    private static let jsonExamplesMax = 10
    private var exclude: Unknown?
    private var candidates: Unknown?

    /// Asks the server which ids of the lists it has: the scores of the ids for a vector, a product for each. `version`
    /// is the one that answered the queries, 0 for whatever serves. Nil where it cannot be told.
    init?(_ lists: QueryLists, _ session: CommandSession, _ call: CallOptions, target: Side) async {
        do {
            exclude = try await Self.unknown(lists.exclude, session, call, target)
            candidates = try await Self.unknown(lists.candidates, session, call, target)
        } catch {
            CommandOutput.note("which ids of the lists the model has is not known: \(error)")
            return nil
        }
    }

    private static func unknown(
        _ list: GivenIDs?, _ session: CommandSession, _ call: CallOptions, _ target: Side
    ) async throws -> Unknown? {
        guard let list, !list.ids.isEmpty, let model = try await session.models.model(call.model) else {
            return nil
        }
        var options = ScoreOptions()
        options.call = call
        options.target = target
        options.similarity = .dot
        let scores = try await scores(list.ids, session, options, dimension: model.dimension)
        await session.watch.progress()
        return Unknown(list: list, ids: zip(list.ids, scores).filter { $1 == nil }.map(\.0))
    }

    /// `dimension` is the serving version's. Where another one is asked for, its refusal says its own.
    private static func scores(
        _ ids: [ExternalID], _ session: CommandSession, _ options: ScoreOptions, dimension: Int
    ) async throws(KindredError) -> [Float?] {
        func ask(_ dimension: Int) async throws(KindredError) -> [Float?] {
            let vector = [Float](repeating: 1, count: dimension)
            return try await session.client.score(.vector(vector), candidates: ids, options: options).scores
        }
        do throws(KindredError) {
            return try await ask(dimension)
        } catch {
            guard error.name == "DIMENSION_MISMATCH", let right = Int(exactly: error.limit), right > 0,
                right <= Int(Limits.standard.dimensionMax)
            else { throw error }
            return try await ask(right)
        }
    }

    /// Says which ids are unknown: always where all are, since then the list does nothing, else to people only.
    func tell(json: Bool) {
        if let exclude { Self.tell(exclude, json, effect: "nothing is excluded") }
        if let candidates { Self.tell(candidates, json, effect: "nothing can be found") }
    }

    private static func tell(_ unknown: Unknown, _ json: Bool, effect: String) {
        let (count, all) = (unknown.ids.count, unknown.list.ids.count)
        guard count > 0 else { return }
        let name = unknown.list.name
        let examples = UnknownIDText.examples(unknown.ids, of: UInt64(count))
        let side = unknown.list.side
        guard count == all else {
            let verb = count == 1 ? "is" : "are"
            let text =
                "\(count.groupedDigits) of the \(all.groupedDigits) ids of \(name) \(verb) not among the model's"
            return json ? () : CommandOutput.note("\(text) \(side): \(examples)")
        }
        let subject =
            all == 1 ? "the id of \(name) is not" : "none of the \(all.groupedDigits) ids of \(name) is"
        CommandOutput.warning("\(subject) among the model's \(side), so \(effect): \(examples)")
        if let file = unknown.list.fileOfThatName {
            CommandOutput.hint("there is a file of that name: \(name) @\(file) reads its ids")
        }
    }

    /// Members for the object of a query.
    var members: [JSONMember] {
        [("exclude", exclude), ("candidates", candidates)].compactMap { name, unknown in
            guard let unknown else { return nil }
            let examples = unknown.ids.prefix(Self.jsonExamplesMax).map(\.json)
            return JSONMember(
                name,
                .object([
                    JSONMember("ids", .integer(unknown.list.ids.count)),
                    JSONMember("unknown", .integer(unknown.ids.count)),
                    JSONMember("unknown_examples", .array(examples)),
                ]))
        }
    }
}
