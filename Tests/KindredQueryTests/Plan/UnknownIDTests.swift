import KindredDomain
import KindredQuery
import TestSupport
import Testing

/// What becomes of queries whose ids the model does not have.
@Suite struct UnknownIDTests {
    /// Items and users with the ids 0, 3, 6, ...; 1 and 2 are unknown.
    private let generation: Generation

    init() throws {
        var generator = SeededGenerator(seed: 7)
        let rows = VectorShape.flat.rows(count: 10, dimension: 5, using: &generator)
        generation = try Generation.sample(items: rows, users: rows, metric: .dot)
    }

    private func planner(_ queries: QueryBatch, _ policy: UnknownIDPolicy) throws -> QueryScopePlanner {
        var scope = QueryScope(queries: queries, target: .items)
        scope.unknownIDs = policy
        return try QueryScopePlanner(scope: scope, generation: generation)
    }

    private static let baskets: [[(row: Int?, weight: Float)]] = [
        [(4, 1), (nil, 2), (5, 1), (nil, 1)], [(nil, 1), (nil, 1)], [(4, 1), (5, 1)],
    ]

    @Test func aStrictQueryFailsAtItsFirstUnknownID() throws {
        for (queries, side) in [
            (QueryBatch.users(.numbers([2, 3])), Side.users), (.items(.numbers([2, 3])), .items),
        ] {
            let planner = try planner(queries, .strict)
            #expect(throws: RequestFailure.unknownID(.number(2), side)) { try planner.lookUp(0) }
            #expect(try planner.lookUp(1).summary == "known, 0 unknown")
        }
        let baskets = try planner(.baskets(.rows(Self.baskets)), .strict)
        #expect(throws: RequestFailure.unknownID(.number(1), .items)) { try baskets.lookUp(0) }
        #expect(try baskets.lookUp(2).summary == "known, 0 unknown")
    }

    @Test(arguments: [(UnknownIDPolicy.skip, "empty"), (.fallback, "fallback")])
    func otherQueriesGoOnWithWhatIsKnown(policy: UnknownIDPolicy, none: String) throws {
        for queries in [QueryBatch.users(.numbers([2, 3])), .items(.numbers([2, 3]))] {
            let planner = try planner(queries, policy)
            #expect(try planner.lookUp(0).summary == "\(none), 1 unknown")
            let known = try planner.lookUp(1)
            #expect(known.summary == "known, 0 unknown")
            let strict = try #require(try self.planner(queries, .strict).lookUp(1).value)
            #expect(known.value!.members == strict.members)
            let bits = known.value!.ranking.vector.bits(dimension: 5)
            #expect(bits == strict.ranking.vector.bits(dimension: 5))
        }
        let planner = try planner(.baskets(.rows(Self.baskets)), policy)
        let found = try (0..<3).map { try planner.lookUp($0) }
        #expect(found.map(\.summary) == ["known, 2 unknown", "\(none), 2 unknown", "known, 0 unknown"])
        #expect(found[0].value!.members == [4, 5])
        let bits = found[0].value!.ranking.vector.bits(dimension: 5)
        #expect(bits == found[2].value!.ranking.vector.bits(dimension: 5))
        let vectors = try self.planner(.vectors(elements: [1, 2, 3, 4, 5], count: 1), policy)
        #expect(try vectors.lookUp(0).summary == "known, 0 unknown")
    }

    /// Mistakes that are no unknown ids stay failures.
    @Test(arguments: [UnknownIDPolicy.skip, .fallback])
    func otherFailuresStay(policy: UnknownIDPolicy) throws {
        let lists: [[(row: Int?, weight: Float)]] = [
            [(nil, .infinity), (4, 1)], [(nil, 1), (4, 1), (4, -1)],
        ]
        let planner = try planner(.baskets(.rows(lists)), policy)
        #expect(throws: RequestFailure.invalidArgument(.weightNotFinite(member: 0, value: .infinity))) {
            try planner.lookUp(0)
        }
        #expect(throws: RequestFailure.invalidArgument(.weightsCancel)) { try planner.lookUp(1) }
    }

    /// Members without weight are known, but say nothing: they do not keep a query from being unknown.
    @Test(arguments: [UnknownIDPolicy.skip, .fallback])
    func membersWithoutWeightSayNothing(policy: UnknownIDPolicy) throws {
        let none = policy == .skip ? "empty" : "fallback"
        let lists: [[(row: Int?, weight: Float)]] = [
            [(nil, 1), (4, 0)], [(nil, 0), (4, 0), (5, -0.0)], [(nil, 1), (4, 0), (5, 0.5)], [(4, 0)],
        ]
        let baskets = QueryBatch.baskets(.rows(lists))
        let blends = QueryBatch.blends(Blends(users: .rows(lists))!)
        for queries in [baskets, blends] {
            let planner = try planner(queries, policy)
            let found = try (0..<4).map { try planner.lookUp($0).summary }
            #expect(
                found == [
                    "\(none), 1 unknown", "\(none), 1 unknown", "known, 1 unknown", "\(none), 0 unknown",
                ])
            // A strict query says so.
            #expect(throws: RequestFailure.self) { try self.planner(queries, .strict).lookUp(3) }
        }
    }

    /// A visitor without clicks, an empty basket, an empty blend: nothing is known of them.
    @Test(arguments: [UnknownIDPolicy.skip, .fallback])
    func nothingIsKnownOfAnEmptyQuery(policy: UnknownIDPolicy) throws {
        let none = policy == .skip ? "empty" : "fallback"
        let basket = try planner(.baskets(.rows([[]])), policy)
        #expect(try basket.lookUp(0).summary == "\(none), 0 unknown")
        let blends = Blends(users: .rows([[]]), items: .rows([[]]), vectors: nil)!
        #expect(try planner(.blends(blends), policy).lookUp(0).summary == "\(none), 0 unknown")
    }

    @Test func aStrictBasketHasMembers() throws {
        let planner = try planner(.baskets(.rows([[]])), .strict)
        #expect(throws: RequestFailure.invalidArgument(.emptyBasket)) { try planner.lookUp(0) }
    }

    @Test func aBlendGoesOnWithWhatIsKnown() throws {
        let users: [[(row: Int?, weight: Float)]] = [[(nil, 1), (2, 1)], [(nil, 1)], [(nil, 1)]]
        let items: [[(row: Int?, weight: Float)]] = [[(nil, 1)], [(nil, 1), (nil, 1)], [(nil, 5)]]
        let given = WeightedVectors(elements: [1, 2, 3, 4, 5], offsets: [0, 0, 0, 1], weights: nil)!
        let blends = Blends(users: .rows(users), items: .rows(items), vectors: given)!
        let skipping = try BlendResolver(blends: blends, generation: generation, policy: .skip)
        let found = try (0..<3).map { try skipping.resolve($0) }
        #expect(found.map(\.summary) == ["known, 2 unknown", "empty, 3 unknown", "known, 2 unknown"])
        #expect(found[0].value!.users == [2] && found[0].value!.items == [])
        #expect(found[2].value!.vector.bits(dimension: 5) == [1, 2, 3, 4, 5].map { Float($0).bitPattern })
        let falling = try BlendResolver(blends: blends, generation: generation, policy: .fallback)
        #expect(try falling.resolve(1).summary == "fallback, 3 unknown")
        let strict = try BlendResolver(blends: blends, generation: generation)
        #expect(throws: RequestFailure.unknownID(.number(1), .users)) { try strict.resolve(0) }
    }
}
