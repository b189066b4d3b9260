import KindredDomain
import KindredQuery
import TestSupport
import Testing

/// Blends against a plain sum in the documented order.
@Suite struct BlendTests {
    private typealias Members = [(row: Int, weight: Float)]

    /// The sum of w v over the sum of |w|, in the order given.
    private func mean(_ members: [(vector: [Float], weight: Float)]) -> [UInt32] {
        members[0].vector.indices.map { element in
            let sum = members.reduce(0.0) { $0 + Double($1.weight) * Double($1.vector[element]) }
            let weight = members.reduce(0.0) { $0 + Double($1.weight.magnitude) }
            return Float(sum / weight).bitPattern
        }
    }

    private func members(
        of rowCount: Int, upTo count: Int, using generator: inout SeededGenerator
    ) -> Members {
        (0..<Int.random(in: 0...count, using: &generator)).map { _ in
            (Int.random(in: 0..<rowCount, using: &generator), Float(generator.normal()))
        }
    }

    private func ordered(_ members: Members, _ rows: [[Float]]) -> [(vector: [Float], weight: Float)] {
        members.sorted { ($0.row, $0.weight) < ($1.row, $1.weight) }.map { (rows[$0.row], $0.weight) }
    }

    private func lists(_ members: Members) -> WeightedLists { .rows([members.map { ($0.row, $0.weight) }]) }

    private func vectors(_ members: [(vector: [Float], weight: Float)]) -> WeightedVectors {
        WeightedVectors(
            elements: members.flatMap(\.vector), offsets: [0, UInt32(members.count)],
            weights: members.map(\.weight))!
    }

    @Test func blendsHaveTheDocumentedBits() throws {
        var generator = SeededGenerator.announced()
        for _ in 0..<200 {
            let dimension = Int.random(in: 1...40, using: &generator)
            let shape = [VectorShape.flat, .skewed, .duplicated].randomElement(using: &generator)!
            let users = shape.rows(count: 12, dimension: dimension, using: &generator)
            let items = shape.rows(count: 12, dimension: dimension, using: &generator)
            let generation = try Generation.sample(items: items, users: users, metric: .dot)
            let named = members(of: 12, upTo: 4, using: &generator)
            let bought = members(of: 12, upTo: 6, using: &generator)
            let given = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                (
                    VectorShape.flat.rows(count: 1, dimension: dimension, using: &generator)[0],
                    Float(generator.normal())
                )
            }
            guard !named.isEmpty || !bought.isEmpty || !given.isEmpty else { continue }
            let blend = Blends(users: lists(named), items: lists(bought), vectors: vectors(given))!
            let found = try BlendResolver(blends: blend, generation: generation).resolve(0)
            let expected = mean(ordered(named, users) + ordered(bought, items) + given)
            #expect(found.value!.vector.bits(dimension: dimension) == expected)
            #expect(found.value!.users.map { Int($0) } == named.map(\.row).sorted())
            #expect(found.value!.items.map { Int($0) } == bought.map(\.row).sorted())
            let shuffled = Blends(
                users: lists(named.shuffled(using: &generator)),
                items: lists(bought.shuffled(using: &generator)),
                vectors: vectors(given))!
            let again = try BlendResolver(blends: shuffled, generation: generation).resolve(0)
            #expect(again.value!.vector.bits(dimension: dimension) == expected)
        }
    }

    @Test func aBasketIsABlendOfItems() throws {
        var generator = SeededGenerator.announced()
        let items = VectorShape.skewed.rows(count: 30, dimension: 21, using: &generator)
        let generation = try Generation.sample(items: items, metric: .dot)
        for _ in 0..<50 {
            let members = members(of: 30, upTo: 12, using: &generator) + [(3, 0.5)]
            let scope = QueryScope(queries: .baskets(lists(members)), target: .items, similarity: .dot)
            let basket = try #require(
                try QueryScopePlanner(scope: scope, generation: generation).lookUp(0).value)
            let blend = try BlendResolver(blends: Blends(items: lists(members))!, generation: generation)
            let found = try blend.resolve(0).value!
            #expect(found.vector.bits(dimension: 21) == basket.ranking.vector.bits(dimension: 21))
            #expect(RowList(found.items) == basket.members)
        }
    }

    // MARK: Failures

    private func failure(
        users: Members? = nil, items: Members? = nil, given: [(vector: [Float], weight: Float)]? = nil
    ) throws -> RequestFailure? {
        let rows: [[Float]] = [[1, 2], [-1, -2], [3, 0]]
        let generation = try Generation.sample(items: rows, users: rows, metric: .dot)
        let blends = Blends(
            users: users.map(lists), items: items.map(lists), vectors: given.map(vectors))!
        do throws(RequestFailure) {
            _ = try BlendResolver(blends: blends, generation: generation).resolve(0)
            return nil
        } catch {
            return error
        }
    }

    @Test func everyFailureNamesTheMember() throws {
        func members(_ failure: MembersFailure) -> RequestFailure { .invalidArgument(.members(failure)) }
        #expect(
            try failure(users: [(0, 1), (1, .infinity)])
                == members(.blendWeightNotFinite(.user(1), .infinity)))
        #expect(
            try failure(users: [(0, 1)], items: [(2, -.infinity)])
                == members(.blendWeightNotFinite(.item(0), -.infinity)))
        #expect(
            try failure(given: [([1, 1], 1), ([1, 1], .infinity)])
                == members(.blendWeightNotFinite(.vector(1), .infinity)))
        #expect(
            try failure(given: [([1, 1], 1), ([1, .infinity], 1)])
                == members(.blendVectorNotFinite(vector: 1, element: 1, value: .infinity)))
        #expect(
            try failure(given: [([0x1p61, 0], 1)]) == members(.blendNormTooLarge(vector: 0, norm: 0x1p61)))
        #expect(try failure(given: [([0x1p60, 0], 1)]) == nil)
        #expect(try failure(users: [(0, 1)], items: [(0, -1)]) == members(.blendCancels))
        #expect(try failure(users: [(0, 1)], items: [(1, 1)]) == members(.blendCancels))
        #expect(try failure(users: [(0, 0)]) == members(.blendCancels))
        #expect(try failure(given: [([-3, 0], 1)]) == nil)
        #expect(try failure(items: [(2, 1)], given: [([-3, 0], 1)]) == members(.blendCancels))
        #expect(try failure(users: [], items: [], given: []) == members(.emptyBlend))
        #expect(try failure(given: [([1, 2, 3], 1)]) == .dimensionMismatch(found: 3, expected: 2))
        let described = MembersFailure.blendWeightNotFinite(.vector(3), .infinity).description
        #expect(described == "the weight of the fourth vector of the blend is inf: not finite")
    }

    @Test func aSideThatTheModelLacksIsNamed() throws {
        let generation = try Generation.sample(items: [[1, 2]], metric: .dot)
        #expect(throws: RequestFailure.invalidArgument(.sideMissing(.users))) {
            try BlendResolver(blends: Blends(users: lists([(0, 1)]))!, generation: generation)
        }
    }

    @Test func listsThatDisagreeMakeNoBlends() {
        #expect(Blends() == nil)
        #expect(Blends(users: .rows([[], []]), items: .rows([[]])) == nil)
        #expect(WeightedVectors(elements: [1, 2, 3], offsets: [0, 2], weights: nil) == nil)
        #expect(WeightedVectors(elements: [1, 2], offsets: [0, 2, 1], weights: nil) == nil)
        #expect(WeightedVectors(elements: [1, 2], offsets: [0, 2], weights: [1]) == nil)
        #expect(WeightedVectors(elements: [1], offsets: [0, 0], weights: nil) == nil)
        #expect(WeightedVectors(elements: [], offsets: [0, 1], weights: nil) == nil)
        #expect(WeightedVectors(elements: [1, 2], offsets: [0, 1, 2], weights: nil)?.dimension == 1)
    }
}
