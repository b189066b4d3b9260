import KindredClient
import KindredDomain
import KindredSystem
import KindredTerminal

/// Reports the ids of the lists that a model does not have.
struct UnknownIDReport: Sendable {
    /// The unknown ids of one list.
    struct Unknown: Sendable {
        let list: GivenIDs
        /// The unknown ids, in the list's order.
        let ids: [ExternalID]
    }

    /// Unknown ids named in JSON.
    private static let jsonExamplesMax = 10
    private var exclude: Unknown?
    private var candidates: Unknown?

    /// Asks the server which ids it knows, by scoring them for a vector. `version` is the version that answered the
    /// queries, 0 for the active one. Nil where the server cannot tell.
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
        await session.timeout.progress()
        return Unknown(list: list, ids: zip(list.ids, scores).filter { $1 == nil }.map(\.0))
    }

    /// `dimension` is the active version's. Where the request asks for another version, the server's refusal names that
    /// one's dimension.
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

    /// Prints the unknown ids. A list without any known id is always reported, since it has no effect; other lists only
    /// in text output.
    func report(json: Bool) {
        if let exclude { Self.report(exclude, json, effect: "nothing is excluded") }
        if let candidates { Self.report(candidates, json, effect: "nothing can be found") }
    }

    private static func report(_ unknown: Unknown, _ json: Bool, effect: String) {
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

    /// The members of a query's JSON object.
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
