import KindredDomain
import KindredModel
import KindredQuery
import TestSupport

/// A random request to a small shop with any rules, and the answers that the definition gives, in plain code.
struct StoreRequest {
    enum Kind { case scored, popular, empty, failed }

    /// The answer to one query.
    struct Answer {
        var kind = Kind.empty
        var rows: [RulesOracle.Row] = []
        var eligibleCount = 0
        var takenCount = 0
        var unknownCount = 0
        /// For each row the own item that it is nearest to.
        var reasons: [Int?] = []
    }

    /// A query in plain values: members are rows; nil is an unknown id.
    private enum Query {
        case user(Int?)
        case item(Int?)
        case vector([Float])
        case basket([Member])
        case blend(users: [Member], items: [Member], vectors: [(vector: [Float], weight: Float)])
        case foldIn([Member])
    }

    private typealias Member = (row: Int?, weight: Float)

    private(set) var request: RecommendRequest
    private let queries: [Query]
    private let filter: StoreFilter?
    private let boosts: [(filter: StoreFilter, effect: BoostEffect)]
    /// By query: the rows that are excluded, and the only ones allowed.
    private var excluded: [Set<Int>]
    private var candidates: [Set<Int>?]

    init(_ store: StoreCase, using generator: inout SeededGenerator) {
        let count = Int.random(in: 1...4, using: &generator)
        let kind = Int.random(in: 0..<6, using: &generator)
        queries = (0..<count).map { _ in Self.query(kind, store, &generator) }
        var scope = QueryScope(
            queries: Self.batch(queries), target: .items,
            similarity: Similarity.allCases.randomElement(using: &generator)!)
        scope.unknownIDs = UnknownIDPolicy.allCases.randomElement(using: &generator)!
        request = RecommendRequest(scope: scope, k: UInt32([1, 2, 5, 20].randomElement(using: &generator)!))
        request.includesMembers = Bool.random(using: &generator)
        var rules = RecommendRules()
        func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &generator) == 0 }
        let hasSeed = kind < 2
        filter = oneIn(2) ? StoreFilter("f", hasSeed: hasSeed && kind == 1, using: &generator) : nil
        var boosts: [(filter: StoreFilter, effect: BoostEffect)] = []
        if oneIn(2) {
            for index in 0..<Int.random(in: 1...3, using: &generator) {
                let effect: BoostEffect =
                    oneIn(2)
                    ? .multiply([0.5, 1, 1.5, 3].randomElement(using: &generator)!)
                    : .add([-1, 0.25, 2].randomElement(using: &generator)!)
                boosts.append(
                    (StoreFilter("b\(index)", hasSeed: hasSeed && kind == 1, using: &generator), effect))
            }
        }
        self.boosts = boosts
        rules.filter = filter?.text
        rules.boosts = boosts.map { BoostRule(where: $0.filter.text, $0.effect) }
        rules.parameters = ([filter].compactMap(\.self) + boosts.map(\.filter)).flatMap(\.parameters)
        if oneIn(3) { rules.caps.append(GroupCap("kind", atMost: UInt32.random(in: 1...3, using: &generator))) }
        if oneIn(4) { rules.caps.append(GroupCap("tags", atMost: UInt32.random(in: 1...6, using: &generator))) }
        if oneIn(5) { rules.caps.append(GroupCap("price", atMost: 2)) }
        if oneIn(3) {
            rules.diversity = Diversity(weight: [0, 0.3, 0.7, 1].randomElement(using: &generator)!, pool: nil)
        }
        if oneIn(3) { rules.offset = UInt32.random(in: 1...6, using: &generator) }
        rules.excludesSeen = (kind == 0 || kind == 4) && oneIn(2)
        rules.wantsBecause = kind != 2 && oneIn(2)
        rules.isDistinct = oneIn(3)
        if rules != RecommendRules() || oneIn(2) { request.rules = rules }
        excluded = Array(repeating: [], count: count)
        candidates = Array(repeating: nil, count: count)
        addLists(store, &generator)
        if oneIn(4) {
            request.minimumScores = (0..<(oneIn(2) ? 1 : count)).map { _ in Float(generator.normal()) }
        }
    }

    private static func query(_ kind: Int, _ store: StoreCase, _ generator: inout SeededGenerator) -> Query {
        func row(_ count: Int) -> Int? {
            Int.random(in: 0..<5, using: &generator) == 0 ? nil : Int.random(in: 0..<count, using: &generator)
        }
        func members(_ count: Int, _ range: ClosedRange<Int>) -> [Member] {
            (0..<Int.random(in: range, using: &generator)).map { _ in
                (row(count), [1, 0.5, 2, 0.1].randomElement(using: &generator)!)
            }
        }
        func vector() -> [Float] {
            let row = store.rows[0].map { _ in Float(generator.normal()) }
            return row
        }
        switch kind {
        case 0: return .user(row(store.users.count))
        case 1: return .item(row(store.rows.count))
        case 2: return .vector(vector())
        case 3: return .basket(members(store.rows.count, 1...6))
        case 4:
            return .blend(
                users: members(store.users.count, 0...2), items: members(store.rows.count, 1...3),
                vectors: (0..<Int.random(in: 0...1, using: &generator)).map { _ in (vector(), 0.5) })
        default: return .foldIn(members(store.rows.count, 1...9))
        }
    }

    private static func batch(_ queries: [Query]) -> QueryBatch {
        func ids(_ rows: [Int?]) -> IDList { .numbers(rows.map { $0.map { UInt64($0) * 3 } ?? 1 }) }
        switch queries[0] {
        case .user: return .users(ids(queries.map { if case .user(let row) = $0 { row } else { nil } }))
        case .item: return .items(ids(queries.map { if case .item(let row) = $0 { row } else { nil } }))
        case .vector:
            let elements = queries.flatMap { if case .vector(let elements) = $0 { elements } else { [Float]() } }
            return .vectors(elements: elements, count: queries.count)
        case .basket:
            return .baskets(.rows(queries.map { if case .basket(let members) = $0 { members } else { [] } }))
        case .foldIn:
            return .foldIns(.rows(queries.map { if case .foldIn(let members) = $0 { members } else { [] } }))
        case .blend:
            var users: [[Member]] = []
            var items: [[Member]] = []
            var elements: [Float] = []
            var weights: [Float] = []
            var offsets: [UInt32] = [0]
            for query in queries {
                guard case .blend(let own, let bought, let given) = query else { continue }
                users.append(own)
                items.append(bought)
                elements += given.flatMap(\.vector)
                weights += given.map(\.weight)
                offsets.append(UInt32(weights.count))
            }
            let vectors = WeightedVectors(elements: elements, offsets: offsets, weights: weights)!
            return .blends(Blends(users: .rows(users), items: .rows(items), vectors: vectors)!)
        }
    }

    /// Exclusions and candidates, for all queries or for each, with unknown ids among them.
    private mutating func addLists(_ store: StoreCase, _ generator: inout SeededGenerator) {
        func rows(_ share: Double) -> [Int] { store.rows.indices.filter { _ in generator.uniform() < share } }
        func ids(_ lists: [[Int]], isShared: Bool) -> RaggedIDs {
            var offsets: [UInt32] = [0]
            var ids: [UInt64] = []
            for list in lists {
                ids += list.map { UInt64($0) * 3 } + [2]
                offsets.append(UInt32(ids.count))
            }
            return isShared ? RaggedIDs(shared: .numbers(ids)) : RaggedIDs(ids: .numbers(ids), offsets: offsets)!
        }
        func lists(_ share: Double, isShared: Bool) -> [[Int]] {
            (0..<(isShared ? 1 : queries.count)).map { _ in rows(share) }
        }
        if Int.random(in: 0..<3, using: &generator) == 0 {
            let isShared = Bool.random(using: &generator)
            let lists = lists(0.2, isShared: isShared)
            request.exclusions = ids(lists, isShared: isShared)
            for index in queries.indices { excluded[index] = Set(lists[isShared ? 0 : index]) }
        }
        if Int.random(in: 0..<4, using: &generator) == 0 {
            let isShared = Bool.random(using: &generator)
            let lists = lists([0.1, 0.8].randomElement(using: &generator)!, isShared: isShared)
            request.candidates = ids(lists, isShared: isShared)
            for index in queries.indices { candidates[index] = Set(lists[isShared ? 0 : index]) }
        }
    }

    // MARK: The definition

    /// What a query comes to: its vector and its own rows.
    private struct Looked {
        var vector: [Float]?
        /// Items of the query, which are not in its answer, and to which results are near.
        var items: [Int] = []
        var users: [Int] = []
        var unknownCount = 0
        var memberCount = 0
    }

    private func lookUp(_ query: Query, _ store: StoreCase) -> Looked {
        var looked = Looked()
        /// The rows of known members with their weights, in the order of the sums.
        func known(_ members: [Member]) -> [(row: Int, weight: Float)] {
            looked.memberCount += members.count
            looked.unknownCount += members.count { $0.row == nil }
            return members.compactMap { member in member.row.map { ($0, member.weight) } }
                .sorted { ($0.row, $0.weight) < ($1.row, $1.weight) }
        }
        func mean(_ members: [(vector: [Float], weight: Float)]) -> [Float]? {
            guard !members.isEmpty else { return nil }
            return members[0].vector.indices.map { element in
                let sum = members.reduce(0.0) { $0 + Double($1.weight) * Double($1.vector[element]) }
                return Float(sum / members.reduce(0.0) { $0 + Double($1.weight.magnitude) })
            }
        }
        switch query {
        case .user(let row):
            looked.users = known([(row, 1)]).map(\.row)
            looked.vector = looked.users.first.map { store.users[$0] }
        case .item(let row):
            looked.items = known([(row, 1)]).map(\.row)
            looked.vector = looked.items.first.map { store.rows[$0] }
        case .vector(let vector): looked.vector = vector
        case .basket(let members):
            let members = known(members)
            looked.items = members.map(\.row)
            looked.vector = mean(members.map { (store.rows[$0.row], $0.weight) })
        case .blend(let users, let items, let vectors):
            let users = known(users)
            let items = known(items)
            looked.users = users.map(\.row)
            looked.items = items.map(\.row)
            looked.vector = mean(
                users.map { (store.users[$0.row], $0.weight) }
                    + items.map { (store.rows[$0.row], $0.weight) } + vectors)
        case .foldIn(let members):
            let members = known(members)
            looked.items = members.map(\.row)
            if !members.isEmpty { looked.vector = store.foldIn.folded(members)?.map { Float($0) } }
        }
        return looked
    }

    /// The answers to all queries by the definition.
    func answers(from store: StoreCase) -> [Answer] {
        let rules = request.rules ?? RecommendRules()
        var returned: Set<Int> = []
        return queries.indices.map { index in
            let looked = lookUp(queries[index], store)
            var answer = Answer(unknownCount: looked.unknownCount)
            if request.scope.unknownIDs == .strict, looked.unknownCount > 0 { return Answer(kind: .failed) }
            if let vector = looked.vector {
                let isZero = vector.allSatisfy { $0 == 0 }
                if isZero { return Answer(kind: .failed) }
                answer.kind = .scored
            } else if looked.unknownCount == looked.memberCount {
                guard request.scope.unknownIDs == .fallback else { return answer }
                answer.kind = .popular
            } else {
                return Answer(kind: .failed)
            }
            if let candidates = candidates[index], candidates.isEmpty { return Answer(kind: .failed) }
            let allowed = allowed(index, looked, rules, store)
            let isTaken = { (row: Int) in rules.isDistinct && returned.contains(row) }
            answer.takenCount = allowed.count { isTaken($0) }
            answer.eligibleCount = allowed.count - answer.takenCount
            answer.rows = rows(index, looked, rules, store) { allowed.contains($0) && !isTaken($0) }
            if rules.wantsBecause {
                let own: [Int]
                if case .user = queries[index] {
                    own = looked.users.first.map { store.seen[$0].map { Int($0) } } ?? []
                } else {
                    own = looked.items
                }
                answer.reasons = answer.rows.map { row in
                    answer.kind == .popular ? nil : store.nearest(own, to: row.row)
                }
            }
            returned.formUnion(answer.rows.map(\.row))
            return answer
        }
    }

    /// The rows that may be in the answer to a query, without regard to earlier queries.
    private func allowed(
        _ index: Int, _ looked: Looked, _ rules: RecommendRules, _ store: StoreCase
    ) -> Set<Int> {
        var seen: Set<Int> = []
        if rules.excludesSeen { for user in looked.users { seen.formUnion(store.seen[user].map { Int($0) }) } }
        return Set(
            store.rows.indices.filter { row in
                filter?.passes(row, store.items[row], seedKind(index, looked, store)) ?? true
                    && candidates[index]?.contains(row) ?? true && !excluded[index].contains(row)
                    && !seen.contains(row) && (request.includesMembers || !looked.items.contains(row))
            })
    }

    private func seedKind(_ index: Int, _ looked: Looked, _ store: StoreCase) -> String? {
        guard case .item = queries[index] else { return nil }
        return looked.items.first.flatMap { store.items[$0].kind }
    }

    private func rows(
        _ index: Int, _ looked: Looked, _ rules: RecommendRules, _ store: StoreCase,
        isEligible: (Int) -> Bool
    ) -> [RulesOracle.Row] {
        let isPopular = looked.vector == nil
        var oracle = RulesOracle(isPopular ? store.popularity : Oracle(rows: store.rows))
        oracle.k = Int(request.k)
        oracle.offset = Int(rules.offset)
        oracle.caps = rules.caps.map { cap in
            RulesOracle.Cap(
                groups: store.items.map { item in
                    switch cap.column {
                    case "kind": item.kind.map { [StoreCase.kinds.firstIndex(of: $0)!] } ?? []
                    case "tags": item.tags.map { StoreCase.tags.firstIndex(of: $0)! }
                    default: item.price.map { [Int($0)] } ?? []
                    }
                }, most: Int(cap.countMax))
        }
        guard let vector = looked.vector else {
            return oracle.answer(
                [1], similarity: .dot, minimumScore: -.infinity, isEligible: isEligible)
        }
        let seedKind = seedKind(index, looked, store)
        oracle.boosts = boosts.map { boost in
            RulesOracle.Boost(
                boost.effect,
                rows: Set(
                    store.rows.indices.filter { boost.filter.passes($0, store.items[$0], seedKind) }))
        }
        if request.rules == nil { oracle.boosts = [] }
        oracle.diversity = rules.diversity
        let minimum: Float
        switch request.minimumScores.count {
        case 0: minimum = -.infinity
        case 1: minimum = request.minimumScores[0]
        default: minimum = request.minimumScores[index]
        }
        return oracle.answer(
            vector, similarity: request.scope.similarity!, minimumScore: minimum, isEligible: isEligible)
    }
}
