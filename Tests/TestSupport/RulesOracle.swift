import KindredDomain

/// The definition of an answer under boosts, caps, diversity and a window, in plain code over all rows. Shares no code
/// with the engine.
package struct RulesOracle: Sendable {
    /// An effect on some rows.
    package struct Boost: Sendable {
        package var effect: BoostEffect
        package var rows: Set<Int>

        package init(_ effect: BoostEffect, rows: Set<Int>) {
            self.effect = effect
            self.rows = rows
        }
    }

    /// At most `most` rows of each group.
    package struct Cap: Sendable {
        /// The groups of each row, by row.
        package var groups: [[Int]]
        package var most: Int

        package init(groups: [[Int]], most: Int) {
            self.groups = groups
            self.most = most
        }
    }

    package typealias Row = (row: Int, score: Float)

    package var boosts: [Boost] = []
    package var caps: [Cap] = []
    package var diversity: Diversity?
    package var offset = 0
    package var k = 1
    private let oracle: Oracle

    package init(_ oracle: Oracle) { self.oracle = oracle }

    /// The boosted score of a row of a canonical score.
    package func boosted(_ canonical: Float, row: Int) -> Float {
        var score = Double(canonical)
        for boost in boosts where boost.rows.contains(row) {
            if case .multiply(let m) = boost.effect { score = score >= 0 ? score * m : score / m }
        }
        for boost in boosts where boost.rows.contains(row) {
            if case .add(let a) = boost.effect { score += a }
        }
        let rounded = Float(score)
        return rounded == 0 ? 0 : rounded
    }

    /// The rows of the window.
    package func answer(
        _ query: [Float], similarity: Similarity, minimumScore: Float, isEligible: (Int) -> Bool
    ) -> [Row] {
        let end = offset + k
        var list = oracle.best(query, k: oracle.rows.count, similarity: similarity, isAllowed: isEligible)
        list = list.map { ($0.row, boosted($0.score, row: $0.row)) }.filter { $0.score >= minimumScore }
        list.sort { $0.score > $1.score || ($0.score == $1.score && $0.row < $1.row) }
        list = capped(list)
        if let diversity {
            let pool = diversity.pool.map { Int($0) } ?? min(10 * end, 2_000)
            list = diversified(Array(list.prefix(pool)), weight: diversity.weight)
        }
        return Array(list.prefix(end).dropFirst(offset))
    }

    private func capped(_ list: [Row]) -> [Row] {
        var counts = caps.map { _ in [Int: Int]() }
        return list.filter { row, _ in
            for (cap, count) in zip(caps, counts) {
                for group in cap.groups[row] where count[group, default: 0] >= cap.most { return false }
            }
            for index in caps.indices {
                for group in caps[index].groups[row] { counts[index][group, default: 0] += 1 }
            }
            return true
        }
    }

    private func diversified(_ pool: [Row], weight: Double) -> [Row] {
        guard let best = pool.first, let worst = pool.last else { return [] }
        let span = Double(best.score) - Double(worst.score)
        var left = pool
        var taken: [Row] = []
        while taken.count < offset + k, !left.isEmpty {
            var next = 0
            var greatest = -Double.infinity
            for (place, row) in left.enumerated() {
                let share = span > 0 ? (Double(row.score) - Double(worst.score)) / span : 0
                let likeness = taken.map { cosine($0.row, row.row) }.max() ?? 0
                let value = (1 - weight) * share - weight * likeness
                if value > greatest {
                    greatest = value
                    next = place
                }
            }
            taken.append(left.remove(at: next))
        }
        return taken
    }

    /// The canonical cosine of two rows.
    private func cosine(_ one: Int, _ two: Int) -> Double {
        let (a, b) = (oracle.rows[one], oracle.rows[two])
        let norms = Oracle.sum(a, a).squareRoot() * Oracle.sum(b, b).squareRoot()
        return norms == 0 ? 0 : Double(Float(Oracle.sum(a, b) / norms))
    }
}
