import KindredDomain
import KindredWire

extension ServerMessage {
    /// The message of a reply. Nil for a failed query, whose failure is not sent whole, and for a continuation.
    init?(_ reply: ServerReply) {
        switch reply {
        case .helloOK(let value): self = .helloOK(value)
        case .pong(let value): self = .pong(value)
        case .goAway(let value): self = .goAway(value)
        case .data(let value): self = .data(value)
        case .filter(let value): self = .filter(value)
        case .lookalike(let value): self = .lookalike(value)
        case .modelList(let value): self = .modelList(value)
        case .modelSwitch(let value): self = .modelSwitch(value)
        case .stats(let value): self = .stats(value)
        case .health(let value): self = .health(value)
        case .failure(let value): self = .failure(value)
        case .recommend(let reply):
            guard reply.firstQuery == 0, let outcomes = Self.outcomes(reply.outcomes) else { return nil }
            let columns = reply.columns.map { ResultColumn(name: "", values: $0.values, present: $0.present) }
            guard reply.scores != nil || !reply.ids.isEmpty else { return nil }
            var response = RecommendResponse(
                origin: reply.origin, outcomes: outcomes, offsets: reply.offsets, ids: reply.ids,
                scores: reply.scores ?? [], columns: columns)
            response.because = reply.because
            if reply.outcomes.contains(where: { $0.unknownIDs != nil }) {
                response.unknownIDs = reply.outcomes.map { $0.unknownIDs ?? 0 }
            }
            if reply.outcomes.contains(where: { $0.rowsTaken != nil }) {
                response.rowsTaken = reply.outcomes.map { $0.rowsTaken ?? 0 }
            }
            self = .recommend(response)
        case .score(let reply):
            guard reply.firstQuery == 0, let outcomes = Self.outcomes(reply.outcomes) else { return nil }
            self = .score(
                ScoreResponse(
                    origin: reply.origin, outcomes: outcomes, offsets: reply.offsets, scores: reply.scores,
                    found: reply.found))
        case .vectors(let reply):
            guard reply.firstID == 0 else { return nil }
            self = .vectors(
                VectorsResponse(
                    origin: reply.origin, dimension: reply.dimension, found: reply.found,
                    elements: reply.elements))
        }
    }

    private static func outcomes(_ replies: [QueryReply]) -> [QueryOutcome]? {
        var outcomes: [QueryOutcome] = []
        for reply in replies {
            guard reply.isAnswered else { return nil }
            var outcome = QueryOutcome(rowsEligible: reply.rowsEligible, rowsScanned: reply.rowsScanned)
            outcome.isExact = reply.flags.contains(.exact)
            outcome.isFallback = reply.flags.contains(.fallback)
            outcomes.append(outcome)
        }
        return outcomes
    }
}
