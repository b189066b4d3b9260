import KindredDomain
import KindredQuery
import TestSupport
import Testing

/// SCORE of queries of which nothing is known.
@Suite struct ScorePlanTests {
    private func score(_ request: ScoreRequest, _ generation: Generation) throws -> ScoreResponse {
        var plan = try ScorePlan(request: request, generation: generation)
        while true {
            if case .done(let response) = try plan.step(candidateCount: 2) { return response }
        }
    }

    /// No candidate is found, nothing is scored, and the query has not failed. Other queries are scored.
    @Test(arguments: [UnknownIDPolicy.skip, .fallback])
    func anUnknownQueryFindsNothing(policy: UnknownIDPolicy) throws {
        let generation = try Generation.sample(items: [[1], [2], [3]], users: [[1], [10]], metric: .dot)
        var scope = QueryScope(queries: .users(.numbers([0, 1, 3])), target: .items)
        scope.unknownIDs = policy
        // Item 4 is unknown.
        let request = ScoreRequest(scope: scope, candidates: RaggedIDs(shared: .numbers([6, 4, 0])))
        let response = try score(request, generation)
        #expect(response.outcomes.map { $0.failure == nil } == [true, true, true])
        #expect(response.offsets == [0, 3, 6, 9])
        #expect(response.found == [true, false, true, false, false, false, true, false, true])
        #expect(response.scores == [3, 0, 1, 0, 0, 0, 30, 0, 10])
        #expect(response.outcomes.map(\.rowsEligible) == [2, 0, 2])
    }

    @Test func anUnknownQueryFailsUnderTheStrictPolicy() throws {
        let generation = try Generation.sample(items: [[1], [2]], users: [[1]], metric: .dot)
        let scope = QueryScope(queries: .users(.numbers([0, 1])), target: .items)
        let request = ScoreRequest(scope: scope, candidates: RaggedIDs(shared: .numbers([3])))
        let response = try score(request, generation)
        #expect(response.outcomes.map(\.failure) == [nil, .unknownID(.number(1), .users)])
        #expect(response.scores == [2] && response.offsets == [0, 1, 1])
    }
}
