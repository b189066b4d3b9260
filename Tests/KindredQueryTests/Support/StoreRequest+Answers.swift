import KindredDomain
import KindredQuery
import TestSupport

/// The definition of a request's answers.
extension StoreRequest {
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
                    answer.kind == .popular || request.scope.target == .users
                        ? nil : store.nearest(own, to: row.row)
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
        let target = request.scope.target
        let own = target == .items ? looked.items : looked.users
        let attributes = store.attributes(of: target)
        if rules.excludesSeen {
            for user in looked.users { seen.formUnion(store.seen[user].map { Int($0) }) }
        }
        return Set(
            attributes.indices.filter { row in
                filter?.passes(row, attributes[row], seedKind(index, looked, store)) ?? true
                    && candidates[index]?.contains(row) ?? true && !excluded[index].contains(row)
                    && !seen.contains(row) && (request.includesMembers || !own.contains(row))
            })
    }

    private func seedKind(_ index: Int, _ looked: Looked, _ store: StoreCase) -> String? {
        switch queries[index] {
        case .item: looked.items.first.flatMap { store.items[$0].kind }
        case .user: looked.users.first.flatMap { store.visitors[$0].kind }
        default: nil
        }
    }

    private func rows(
        _ index: Int, _ looked: Looked, _ rules: RecommendRules, _ store: StoreCase,
        isEligible: (Int) -> Bool
    ) -> [RulesOracle.Row] {
        let isPopular = looked.vector == nil
        let attributes = store.attributes(of: request.scope.target)
        var oracle = RulesOracle(
            isPopular ? store.popularity : Oracle(rows: store.rows(of: request.scope.target)))
        oracle.k = Int(request.k)
        oracle.offset = Int(rules.offset)
        oracle.caps = rules.caps.map { cap in
            RulesOracle.Cap(
                groups: attributes.map { item in
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
                    attributes.indices.filter { boost.filter.passes($0, attributes[$0], seedKind) }))
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
