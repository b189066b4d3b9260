import KindredDomain
import KindredWire

/// A decoded message in the form of the golden vectors: its fixed fields, without `fixed_len`, and its sections.
struct Projection {
    var fixed: [String: JSONValue] = [:]
    var sections: [String: JSONValue] = [:]

    mutating func fix(_ name: String, _ value: some BinaryInteger) { fixed[name] = .number(value) }

    mutating func section(_ name: String, _ value: JSONValue?) {
        if let value { sections[name] = value }
    }

    static func ids(_ ids: IDList) -> JSONValue {
        switch ids {
        case .numbers(let values):
            .object(["kind": .text("number"), "values": .list(values.map { .number($0) })])
        case .text(let list):
            .object(["kind": .text("text"), "values": .list(list.strings.map { .text($0) })])
        }
    }

    static func ragged(_ lists: RaggedIDs) -> JSONValue {
        guard case .object(var members) = ids(lists.ids) else { return .null }
        members["offsets"] = lists.offsets.map { .list($0.map { .number($0) }) } ?? .null
        return .object(members)
    }

    static func floats(_ values: [Float]) -> JSONValue { .list(values.map { .bits($0) }) }
    static func numbers(_ values: [some BinaryInteger]) -> JSONValue { .list(values.map { .number($0) }) }
    static func texts(_ values: [String]) -> JSONValue { .list(values.map { .text($0) }) }
    static func model(_ name: ModelName?) -> JSONValue? { name.map { .text($0.description) } }
    static func hex(_ bytes: [UInt8]) -> JSONValue {
        .text(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }
}

extension Projection {
    init(_ message: ClientMessage) {
        switch message {
        case .hello(let request):
            fix("minor", request.minor)
            fix("features_wanted", request.featuresWanted)
            section("client_name", request.clientName.map { .text($0) })
            section("token", request.token.map { Self.hex($0) })
        case .ping(let value): fix("opaque", value)
        case .window(let limit): fix("limit_bytes", limit)
        case .goAway(let message): project(message)
        case .data(let rows): project(rows)
        case .recommend(let request): project(request)
        case .score(let request):
            project(request.scope, options: 0)
            section("candidates", Self.ragged(request.candidates))
            project(request.filter?.text, request.filter?.parameters ?? [])
        case .filter(let request):
            fix("side", request.side.rawValue)
            fix("version", request.version)
            section("model", Self.model(request.model))
            project(request.filter.text, request.filter.parameters)
        case .vectors(let request):
            fix("side", request.side.rawValue)
            fix("version", request.version)
            section("model", Self.model(request.model))
            section("ids", Self.ids(request.ids))
        case .lookalike(let request): project(request)
        case .modelLoad(let request):
            fix("version", request.version)
            section("model", Self.model(request.model))
        case .modelSwitch(let request):
            switch request.goal {
            case .version(let version): fix("version", version)
            case .latest: fix("version", 0)
            case .previous: break
            }
            fix("expected_active", request.expectedActive)
            section("model", Self.model(request.model))
        case .modelList(let model): section("model", Self.model(model))
        case .cancel, .stats, .health: break
        }
    }

    mutating func project(_ message: GoAway) {
        fix("status", message.status)
        fix("grace_ms", message.graceMilliseconds)
        fix("last_request_id", message.lastRequestID)
        fix("reconnect_after_ms", message.reconnectAfterMilliseconds)
        if !message.message.isEmpty { section("message", .text(message.message)) }
    }

    mutating func project(_ rows: AudienceRows) {
        fix("first_index", rows.firstRow)
        section("ids", Self.ids(rows.ids))
        if !rows.scores.isEmpty { section("scores", Self.floats(rows.scores)) }
    }

    private mutating func project(_ scope: QueryScope, options: Int) {
        fix("target", scope.target.rawValue)
        fix("similarity", scope.similarity?.rawValue ?? 0)
        fix("unknown_id_policy", scope.unknownIDs.rawValue)
        fix("options", options)
        fix("query_count", scope.queries.count)
        fix("version", scope.version)
        section("model", Self.model(scope.model))
        switch scope.queries {
        case .users(let ids):
            fix("query_kind", 1)
            section("query_ids", Self.ids(ids))
        case .items(let ids):
            fix("query_kind", 2)
            section("query_ids", Self.ids(ids))
        case .vectors(let elements, _):
            fix("query_kind", 3)
            section("vectors", Self.floats(elements))
        case .baskets(let baskets):
            fix("query_kind", 4)
            project(baskets, "members", "weights")
        case .blends(let blends):
            fix("query_kind", 5)
            if let items = blends.items { project(items, "members", "weights") }
            if let users = blends.users { project(users, "blend_users", "blend_user_weights") }
            if let vectors = blends.vectors {
                section("blend_vectors", Self.floats(vectors.elements))
                section("blend_vector_offsets", Self.numbers(vectors.offsets))
                section("blend_vector_weights", vectors.weights.map { Self.floats($0) })
            }
        case .foldIns(let baskets):
            fix("query_kind", 6)
            project(baskets, "members", "weights")
        }
    }

    private mutating func project(_ baskets: Baskets, _ members: String, _ weights: String) {
        if let lists = RaggedIDs(ids: baskets.members, offsets: baskets.offsets) {
            section(members, Self.ragged(lists))
        }
        section(weights, baskets.weights.map { Self.floats($0) })
    }

    private mutating func project(_ filter: String?, _ parameters: [FilterParameter]) {
        section("filter", filter.map { .text($0) })
        guard !parameters.isEmpty else { return }
        section("parameter_names", Self.texts(parameters.map(\.name)))
        var types: [Int] = []
        var numbers: [UInt64] = []
        var texts: [String] = []
        for parameter in parameters {
            var number: UInt64 = 0
            var text = ""
            switch parameter.value {
            case .null: types.append(0)
            case .integer(let value):
                types.append(1)
                number = UInt64(bitPattern: value)
            case .real(let value):
                types.append(2)
                number = value.bitPattern
            case .text(let bytes):
                types.append(3)
                text = String(decoding: bytes, as: UTF8.self)
            }
            numbers.append(number)
            texts.append(text)
        }
        section("parameter_types", Self.numbers(types))
        section("parameter_numbers", Self.numbers(numbers))
        if types.contains(3) { section("parameter_texts", Self.texts(texts)) }
    }

    private mutating func project(_ rules: RecommendRules) {
        project(rules.filter, rules.parameters)
        if !rules.boosts.isEmpty {
            section("boost_filters", Self.texts(rules.boosts.map(\.filter)))
            var effects: [Int] = []
            var values: [Double] = []
            for boost in rules.boosts {
                switch boost.effect {
                case .multiply(let factor):
                    effects.append(1)
                    values.append(factor)
                case .add(let term):
                    effects.append(2)
                    values.append(term)
                }
            }
            section("boost_effects", Self.numbers(effects))
            section("boost_values", .list(values.map { .bits($0) }))
        }
        if !rules.caps.isEmpty {
            section("cap_columns", Self.texts(rules.caps.map(\.column)))
            section("cap_counts", Self.numbers(rules.caps.map(\.countMax)))
        }
        if rules.offset > 0 { section("offset", Self.numbers([rules.offset])) }
        section("pool", rules.diversity?.pool.map { Self.numbers([$0]) })
        section("diversity", rules.diversity.map { .list([.bits($0.weight)]) })
        section(
            "query_filters", rules.queryFilters.isEmpty ? nil : .list(rules.queryFilters.map { .text($0) }))
    }

    private mutating func project(_ request: RecommendRequest) {
        let rules = request.rules
        let ruleOptions =
            (rules?.excludesSeen == true ? 4 : 0) | (rules?.wantsBecause == true ? 8 : 0)
            | (rules?.isDistinct == true ? 16 : 0)
        let options = (request.wantsScores ? 0 : 1) | (request.includesMembers ? 2 : 0) | ruleOptions
        project(request.scope, options: options)
        if let rules { project(rules) }
        fix("k", request.k)
        section("exclusions", request.exclusions.map { Self.ragged($0) })
        section("candidates", request.candidates.map { Self.ragged($0) })
        if !request.minimumScores.isEmpty { section("min_scores", Self.floats(request.minimumScores)) }
        if !request.columns.isEmpty { section("columns", Self.texts(request.columns)) }
    }

    private mutating func project(_ request: LookalikeRequest) {
        fix("scorer", request.scorer.rawValue)
        fix("similarity", request.similarity?.rawValue ?? 0)
        fix("options", (request.wantsScores ? 0 : 1) | (request.includesSeeds ? 2 : 0))
        fix("version", request.version)
        fix("window_bytes", request.windowBytes)
        fixed["min_score"] = .bits(Float(0))
        fix("size_value", 0)
        switch request.size {
        case .count(let count):
            fix("size_kind", 1)
            fix("size_value", count)
        case .share(let share):
            fix("size_kind", 2)
            fix("size_value", share)
        case .minimumScore(let score):
            fix("size_kind", 3)
            fixed["min_score"] = .bits(score)
        }
        section("model", Self.model(request.model))
        if !request.seeds.isEmpty { section("seeds", Self.ids(request.seeds)) }
    }
}
