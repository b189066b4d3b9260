import KindredDomain
import KindredWire

/// Builds a load's requests from a scenario and random ids of a model.
struct RequestMaker {
    private let model: ModelName?
    private let k: Int
    private let scenario: Scenario
    private let items: IDSampler?
    private let users: IDSampler?
    private var source: RandomSource

    /// `model`: nil for the server's default. Throws where ids that the scenario needs are missing.
    init(
        _ scenario: Scenario, model: ModelName?, ids: ServedIDs, law: IDSampler.Law, exponent: Double, k: Int,
        seed: UInt64
    ) throws {
        for part in scenario.parts {
            for side in part.form.sides where ids[side]?.isEmpty ?? true {
                throw LoadFailure.idsMissing(side: side, wanted: ids.advice(side))
            }
        }
        self.model = model
        self.k = k
        self.scenario = scenario
        func draw(_ side: Side) -> IDSampler? {
            ids[side].flatMap { $0.isEmpty ? nil : IDSampler($0, law: law, exponent: exponent) }
        }
        items = draw(.items)
        users = draw(.users)
        source = RandomSource(seed: seed)
    }

    /// Up to `count` requests; fewer where their bodies exceed the pool's limit. The same arguments give the same
    /// requests.
    ///
    /// Throws where a body exceeds the protocol's limit.
    mutating func pool(_ count: Int) throws -> RequestPool {
        var pool = RequestPool()
        for number in 0..<count {
            let form = scenario.form(using: &source)
            let message = message(form, number: UInt64(number))
            guard pool.append(message, kind: form.kind, queryCount: form.queryCount) else { break }
            let byteCount = pool.body(number).count
            guard byteCount <= Int(Limits.standard.bodyBytesMax) else {
                throw LoadFailure.requestTooLarge(form: form.text, byteCount: byteCount)
            }
        }
        return pool
    }

    private mutating func message(_ form: RequestForm, number: UInt64) -> ClientMessage {
        switch form {
        case .ping: return .ping(number)
        case .user: return recommend(.users(draw(.users, 1)))
        case .item: return recommend(.items(draw(.items, 1)))
        case .batch(let size): return recommend(.users(draw(.users, size)))
        case .basket(let members):
            let ids = draw(.items, members)
            guard let list = RaggedIDs(ids: ids, offsets: [0, UInt32(members)]),
                let basket = Baskets(members: list, weights: nil)
            else { preconditionFailure("one list of all members") }
            return recommend(.baskets(basket))
        case .filtered(let excluded, let candidates):
            return recommend(.users(draw(.users, 1))) { request, maker in
                if excluded > 0 { request.exclusions = RaggedIDs(shared: maker.draw(.items, excluded)) }
                if candidates > 0 { request.candidates = RaggedIDs(shared: maker.draw(.items, candidates)) }
            }
        case .ruled(let form):
            return recommend(queries(form.queries, number: number)) { request, _ in
                request.rules = form.rules(ofRequest: number)
                if form.queries == .unknownUser { request.scope.unknownIDs = .fallback }
            }
        case .lookalike(let seeds, let size):
            var request = LookalikeRequest(size: size)
            request.model = model
            request.windowBytes = Limits.standard.windowBytesMax
            request.seeds = draw(.users, seeds)
            return .lookalike(request)
        }
    }

    private mutating func queries(_ queries: RuleForm.Queries, number: UInt64) -> QueryBatch {
        switch queries {
        case .users(let count): return .users(draw(.users, count))
        case .unknownUser:
            if case .number = draw(.users, 1).kind { return .users(.numbers([UInt64(Int64.max) - number])) }
            return .users(.text(TextList(["nobody \(number)"])))
        case .visitor(let items):
            guard let list = RaggedIDs(ids: draw(.items, items), offsets: [0, UInt32(items)]),
                let visitor = WeightedLists(members: list, weights: nil)
            else { preconditionFailure("one list of all items") }
            return .foldIns(visitor)
        }
    }

    private mutating func recommend(
        _ queries: QueryBatch,
        _ change: (inout RecommendRequest, inout RequestMaker) -> Void = { _, _ in }
    ) -> ClientMessage {
        var request = RecommendRequest(
            scope: QueryScope(model: model, queries: queries, target: .items), k: UInt32(k))
        change(&request, &self)
        return .recommend(request)
    }

    private mutating func draw(_ side: Side, _ count: Int) -> IDList {
        guard let draw = side == .items ? items : users else {
            preconditionFailure("the ids were seen when this was made")
        }
        return draw.next(count, using: &source)
    }
}
