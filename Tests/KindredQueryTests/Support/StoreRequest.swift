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
    enum Query {
        case user(Int?)
        case item(Int?)
        case vector([Float])
        case basket([Member])
        case blend(users: [Member], items: [Member], vectors: [(vector: [Float], weight: Float)])
        case foldIn([Member])
    }

    typealias Member = (row: Int?, weight: Float)

    private(set) var request: RecommendRequest
    let queries: [Query]
    let filter: StoreFilter?
    let boosts: [(filter: StoreFilter, effect: BoostEffect)]
    /// By query: the rows that are excluded, and the only ones allowed.
    private(set) var excluded: [Set<Int>]
    private(set) var candidates: [Set<Int>?]

    init(_ store: StoreCase, using generator: inout SeededGenerator) {
        // Now and then as many as several parts have.
        let countMax = Int.random(in: 0..<40, using: &generator) == 0 ? 200 : 4
        let count = Int.random(in: 1...countMax, using: &generator)
        let target = Int.random(in: 0..<4, using: &generator) == 0 ? Side.users : .items
        let kind = Int.random(in: 0..<6, using: &generator)
        queries = (0..<count).map { _ in Self.query(kind, store, &generator) }
        var scope = QueryScope(
            queries: Self.batch(queries), target: target,
            similarity: Similarity.allCases.randomElement(using: &generator)!)
        scope.unknownIDs = UnknownIDPolicy.allCases.randomElement(using: &generator)!
        // Users have no popularity.
        if target == .users, scope.unknownIDs == .fallback { scope.unknownIDs = .skip }
        request = RecommendRequest(scope: scope, k: UInt32([1, 2, 5, 20].randomElement(using: &generator)!))
        request.includesMembers = Bool.random(using: &generator)
        var rules = RecommendRules()
        func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &generator) == 0 }
        let hasSeed = kind < 2
        filter = oneIn(2) ? StoreFilter("f", hasSeed: hasSeed, using: &generator) : nil
        var boosts: [(filter: StoreFilter, effect: BoostEffect)] = []
        if oneIn(2) {
            for index in 0..<Int.random(in: 1...3, using: &generator) {
                let effect: BoostEffect =
                    oneIn(2)
                    ? .multiply([0.5, 1, 1.5, 3].randomElement(using: &generator)!)
                    : .add([-1, 0.25, 2].randomElement(using: &generator)!)
                boosts.append(
                    (StoreFilter("b\(index)", hasSeed: hasSeed, using: &generator), effect))
            }
        }
        self.boosts = boosts
        rules.filter = filter?.text
        rules.boosts = boosts.map { BoostRule(where: $0.filter.text, $0.effect) }
        rules.parameters = ([filter].compactMap(\.self) + boosts.map(\.filter)).flatMap(\.parameters)
        if oneIn(3) {
            rules.caps.append(GroupCap("kind", atMost: UInt32.random(in: 1...3, using: &generator)))
        }
        if oneIn(4) {
            rules.caps.append(GroupCap("tags", atMost: UInt32.random(in: 1...6, using: &generator)))
        }
        if oneIn(5) { rules.caps.append(GroupCap("price", atMost: 2)) }
        if oneIn(3) {
            rules.diversity = Diversity(
                weight: [0, 0.3, 0.7, 1].randomElement(using: &generator)!, pool: nil)
        }
        if oneIn(3) { rules.offset = UInt32.random(in: 1...6, using: &generator) }
        rules.excludesSeen = target == .items && (kind == 0 || kind == 4) && oneIn(2)
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
            let elements = queries.flatMap {
                if case .vector(let elements) = $0 { elements } else { [Float]() }
            }
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
        let count = store.rows(of: request.scope.target).count
        func rows(_ share: Double) -> [Int] { (0..<count).filter { _ in generator.uniform() < share } }
        func ids(_ lists: [[Int]], isShared: Bool) -> RaggedIDs {
            var offsets: [UInt32] = [0]
            var ids: [UInt64] = []
            for list in lists {
                ids += list.map { UInt64($0) * 3 } + [2]
                offsets.append(UInt32(ids.count))
            }
            return isShared
                ? RaggedIDs(shared: .numbers(ids)) : RaggedIDs(ids: .numbers(ids), offsets: offsets)!
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
}
