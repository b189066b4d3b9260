import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery

/// The answers that the definition of the rules gives, by plain code over all rows. Sums are canonical, as everywhere;
/// nothing else is shared with the engine.
final class RuleBruteForce {
    /// A query's answer: rows with their scores, and the row that each is because of.
    struct Answer: Equatable {
        var rows: [RankingKey] = []
        var because: [UInt32]?
    }

    private let model: RulesModel
    /// The canonical scores of all rows for users, by user.
    private var scores: [Int: [Float]] = [:]

    init(_ model: RulesModel) { self.model = model }

    /// The answers to the first queries of a batch. `vectors` has the visitors' vectors where they are folded in.
    func answers(_ rule: EngineRule, _ queries: Range<Int>, vectors: [[Float]] = []) -> [Answer] {
        var returned: Set<UInt32> = []
        return queries.enumerated().map { place, query in
            let scores =
                rule == .foldIn
                ? self.scores(of: vectors[place])
                : rule == .fallback ? model.attributes.sold.map { Float($0) } : self.scores(ofUser: query)
            var list = ranking(rule, query, scores, without: returned)
            if rule == .cap || rule == .all { list = capped(list, by: model.attributes.brand) }
            if rule == .skewedCap { list = capped(list, by: model.attributes.maker) }
            let offset = rule == .offset || rule == .all ? EngineRule.offsetRows : 0
            if rule == .diversity || rule == .all {
                list = diversified(Array(list.prefix(EngineRule.pool)), count: offset + rule.resultCount)
            }
            var answer = Answer(rows: Array(list.prefix(offset + rule.resultCount).dropFirst(offset)))
            if rule == .distinct || rule == .all { returned.formUnion(answer.rows.map(\.row)) }
            if rule == .because || rule == .all {
                answer.because = answer.rows.map { nearest(model.seen[query], to: $0.row) }
            }
            return answer
        }
    }

    private func scores(ofUser user: Int) -> [Float] {
        if let known = scores[user] { return known }
        let dimension = model.dimension
        let vector = model.users.vector(ofRow: UInt32(user))
        let found = scores(of: (0..<dimension).map { vector[$0] })
        scores[user] = found
        return found
    }

    private func scores(of vector: [Float]) -> [Float] {
        (0..<UInt32(model.rows)).map { row in
            Canonical.score(
                sum: Canonical.sum(vector, model.items.vector(ofRow: row), count: model.dimension))
        }
    }

    /// All rows that a query may return, best first.
    private func ranking(
        _ rule: EngineRule, _ query: Int, _ scores: [Float], without returned: Set<UInt32>
    ) -> [RankingKey] {
        var left = returned
        if rule == .seen || rule == .all { left.formUnion(model.seen[query]) }
        if rule == .foldIn { left.formUnion(model.clicks[query]) }
        var keys: [UInt64] = []
        for row in scores.indices where passes(rule, row) && !left.contains(UInt32(row)) {
            let score = rule == .boosts || rule == .all ? boosted(scores[row], row) : scores[row]
            keys.append(RankingKey(score: score, row: UInt32(row)).rawValue)
        }
        return keys.sorted().map { RankingKey(rawValue: $0) }
    }

    private func passes(_ rule: EngineRule, _ row: Int) -> Bool {
        let attributes = model.attributes
        switch rule {
        case .filter(let perMille): return attributes.share[row] < perMille
        case .comparisons, .newComparisons:
            return Double(attributes.share[row]) < EngineRule.comparisonsShare
                && attributes.price[row] >= EngineRule.comparisonsPrice
                && attributes.brand[row] != EngineRule.comparisonsBrand
        case .all: return attributes.share[row] < 500
        default: return true
        }
    }

    private func boosted(_ score: Float, _ row: Int) -> Float {
        var value = Double(score)
        let (season, factor, stockBelow, term) = EngineRule.boosted
        if model.attributes.season[row] == season { value = value >= 0 ? value * factor : value / factor }
        if model.attributes.stock[row] < stockBelow { value += term }
        return Float(value) + 0
    }

    private func capped(_ list: [RankingKey], by groups: [UInt32]) -> [RankingKey] {
        var counts: [UInt32: Int] = [:]
        return list.filter { key in
            let group = groups[Int(key.row)]
            guard counts[group, default: 0] < EngineRule.capMax else { return false }
            counts[group, default: 0] += 1
            return true
        }
    }

    private func diversified(_ pool: [RankingKey], count: Int) -> [RankingKey] {
        guard let best = pool.first, let worst = pool.last else { return [] }
        let weight = EngineRule.diversityWeight
        let span = Double(best.score) - Double(worst.score)
        var left = pool
        var taken: [RankingKey] = []
        while taken.count < count, !left.isEmpty {
            let values = left.map { key in
                let share = span > 0 ? (Double(key.score) - Double(worst.score)) / span : 0
                let likeness = taken.map { Double(cosine($0.row, key.row)) }.max() ?? 0
                return (1 - weight) * share - weight * likeness
            }
            guard
                let next = values.indices.max(by: {
                    values[$0] < values[$1] || values[$0] == values[$1] && $0 > $1
                })
            else { break }
            taken.append(left.remove(at: next))
        }
        return taken
    }

    private func cosine(_ one: UInt32, _ two: UInt32) -> Float {
        let (a, b) = (model.items.vector(ofRow: one), model.items.vector(ofRow: two))
        let norms = Canonical.norm(a, count: model.dimension) * Canonical.norm(b, count: model.dimension)
        return Canonical.score(sum: Canonical.sum(a, b, count: model.dimension), norms: norms)
    }

    /// The nearest of some rows, ascending; of equally near ones the first.
    private func nearest(_ own: [UInt32], to row: UInt32) -> UInt32 {
        var best = (row: own[0], score: -Float.infinity)
        for other in own {
            let score = cosine(row, other)
            if score > best.score { best = (other, score) }
        }
        return best.row
    }
}
