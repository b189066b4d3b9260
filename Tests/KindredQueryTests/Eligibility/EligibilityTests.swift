import KindredDomain
import KindredQuery
import TestSupport
import Testing

/// What a request says about eligible rows, compiled by the planner in steps of any size.
@Suite struct EligibilityTests {
    /// Items with the ids 0, 3, 6, ...
    private static let rowCount = 400

    private func generation() throws -> Generation {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: Self.rowCount, dimension: 4, using: &generator)
        return try Generation.sample(items: rows, metric: .dot)
    }

    private func plan(_ request: RecommendRequest, idsPerStep: Int) throws -> RecommendPlan {
        let planner = try RecommendPlanner(request: request, generation: try generation())
        while true {
            if case .done(let plan) = try planner.step(idCount: idsPerStep) { return plan }
        }
    }

    /// Ids of rows.
    private func ids(_ rows: some Sequence<Int>) -> IDList { .numbers(rows.map { UInt64($0) * 3 }) }

    private func request(_ items: [Int]) -> RecommendRequest {
        RecommendRequest(scope: QueryScope(queries: .items(ids(items)), target: .items), k: 3)
    }

    @Test(arguments: [1, 3, 1_000])
    func sharedAndOwnExclusionsAndMembersAreUnited(idsPerStep: Int) throws {
        var request = request([7, 8])
        request.exclusions = RaggedIDs(ids: ids([1, 2, 7, 2, 3]), offsets: [0, 4, 5])!
        let own = try plan(request, idsPerStep: idsPerStep).queries.map(\.eligibility)
        // Rows 1, 2 and 7, which is a member too; rows 3 and 8.
        #expect(own.map(\.count) == [Self.rowCount - 3, Self.rowCount - 2])
        #expect(own[0].exclusions.contains(7) && !own[0].exclusions.contains(3))

        request.exclusions = RaggedIDs(shared: ids([1, 2, 7]))
        let shared = try plan(request, idsPerStep: idsPerStep).queries.map(\.eligibility)
        #expect(shared.map(\.count) == [Self.rowCount - 3, Self.rowCount - 4])
        request.includesMembers = true
        let withMembers = try plan(request, idsPerStep: idsPerStep).queries.map(\.eligibility)
        #expect(withMembers.map(\.count) == [Self.rowCount - 3, Self.rowCount - 3])
    }

    @Test(arguments: [1, 3, 1_000])
    func fewCandidatesAreAListAndManyAMask(idsPerStep: Int) throws {
        var request = request([7])
        request.exclusions = RaggedIDs(shared: ids([0]))
        request.candidates = RaggedIDs(shared: ids(0..<10))
        let few = try plan(request, idsPerStep: idsPerStep).queries[0].eligibility
        #expect(few.list?.count == 10 && few.mask == nil)
        #expect(few.count == 8, "without the excluded row and the member")
        request.candidates = RaggedIDs(shared: ids(0..<300))
        let many = try plan(request, idsPerStep: idsPerStep).queries[0].eligibility
        #expect(many.list == nil && many.mask?.count == 300)
        #expect(many.count == 298)
    }

    @Test func sharedCandidatesAreCompiledOnce() throws {
        var request = request([7, 8])
        request.candidates = RaggedIDs(shared: ids(0..<300))
        let queries = try plan(request, idsPerStep: 50).queries
        #expect(queries[0].eligibility.mask === queries[1].eligibility.mask)
    }

    /// A query whose candidates are all unknown fails alone.
    @Test(arguments: [1, 1_000])
    func aMistakeInAnOwnListIsThatQuerysFailure(idsPerStep: Int) throws {
        var request = request([7, 8, 9])
        request.candidates = RaggedIDs(
            ids: .numbers([30, 1, 2, 33]), offsets: [0, 1, 3, 4])!
        let plan = try plan(request, idsPerStep: idsPerStep)
        #expect(plan.queries.count == 2 && plan.others.map(\.query) == [1])
        guard case .failure(let reason) = plan.others[0].kind else {
            Issue.record("query 1 has not failed")
            return
        }
        #expect(reason == .noKnownCandidate(count: 2, first: .number(1), .items))
    }
}
