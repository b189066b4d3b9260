import KindredDomain
import KindredKernels
import KindredModel

/// Re-orders the best rows of a query by maximal marginal relevance, in steps.
///
/// The next row is the one of the greatest (1 - w) r - w c, ties by the order of the pool. w is the weight. r is the
/// row's score in float64, less the pool's least and divided by the pool's greatest less its least; 0 where all scores
/// are equal. c is the row's greatest cosine to a row taken before; 0 for the first one. A cosine is the canonical
/// score of two rows under cosine: 0 where one of them has norm 0. Both products and the difference are rounded to
/// float64 one by one.
///
/// The value of a row only descends while rows are taken, so that the cosines of most rows are never needed: a row
/// whose last known value is too small is left alone.
struct Diversifier {
    private let pool: [RankingKey]
    private let wantedCount: Int
    private let weight: Double
    private let table: VectorTable
    /// By place in the pool: (1 - w) r.
    private let relevance: [Double]
    /// By place in the pool: the norm. They lie together here, and far apart in the table.
    private let norms: [Double]
    /// By place in the pool: the greatest cosine to the first `comparedCounts` of the rows taken, if there are any.
    private var likeness: [Double]
    private var comparedCounts: [Int]
    /// By place in the pool: a bound of the row's value, the value itself where the row was compared with all rows
    /// taken; minus infinity where it is taken.
    private var values: [Double]
    /// Places in the pool, in the new order.
    private var taken: [Int] = []
    /// Places before this one are taken.
    private var first = 0

    /// The best `wantedCount` of a pool of rows of a table, which is in order. `weight` is 0 to 1.
    init(_ pool: [RankingKey], wantedCount: Int, weight: Double, table: VectorTable) {
        self.pool = pool
        self.wantedCount = min(wantedCount, pool.count)
        self.weight = weight
        self.table = table
        let greatest = Double(pool.first?.score ?? 0)
        let least = Double(pool.last?.score ?? 0)
        // The scan of other queries may have driven the vectors out of the nearer caches.
        for key in pool { Canonical.prefetch(table.vector(ofRow: key.row), count: table.dimension) }
        norms = pool.map { table.norms[Int($0.row)] }
        relevance = pool.map { key in
            let share = greatest > least ? (Double(key.score) - least) / (greatest - least) : 0
            return (1 - weight) * share
        }
        likeness = Array(repeating: -.infinity, count: pool.count)
        comparedCounts = Array(repeating: 0, count: pool.count)
        values = relevance
        taken.reserveCapacity(self.wantedCount)
    }

    /// Takes rows until about `budget` cosines are found. True once all are taken.
    mutating func step(_ budget: inout Int) -> Bool {
        while taken.count < wantedCount {
            guard budget > 0, let next = next(&budget) else { return false }
            taken.append(next)
            if taken.count == 1 {
                // From now on a row that was compared with none may be like none.
                for place in values.indices { values[place] = relevance[place] - weight * -1 }
            }
            values[next] = -.infinity
            while first < pool.count, values[first] == -.infinity { first += 1 }
        }
        return true
    }

    /// The place of the next row; nil where the budget is used up. What was found until then is kept.
    private mutating func next(_ budget: inout Int) -> Int? {
        // Looking at all places costs as much as some cosines.
        budget -= 1 + (pool.count - first) / Self.placesPerCosine
        // A call finds one cosine at least, so that steps come to an end.
        var allowed = max(1, budget)
        var best: Int?
        var bestValue = -Double.infinity
        var place = first - 1
        while let found = Self.firstPlace(after: place, of: values, above: bestValue) {
            place = found
            // An older cosine gives a bound of the value, since rounding keeps order.
            while values[place] > bestValue {
                guard comparedCounts[place] < taken.count else {
                    best = place
                    bestValue = values[place]
                    break
                }
                if allowed == 0 { return nil }
                allowed -= 1
                budget -= 1
                let other = taken[comparedCounts[place]]
                likeness[place] = max(likeness[place], cosine(place, other))
                comparedCounts[place] += 1
                values[place] = relevance[place] - weight * likeness[place]
            }
        }
        return best
    }

    /// The first place after another one whose value is above a number. The loop that reads most: without checks.
    private static func firstPlace(after place: Int, of values: [Double], above least: Double) -> Int? {
        values.withUnsafeBufferPointer { values in
            var next = place + 1
            while next < values.count, !(values[next] > least) { next += 1 }
            return next < values.count ? next : nil
        }
    }

    /// Places that are looked at in the time of one cosine.
    private static let placesPerCosine = 6

    private func cosine(_ place: Int, _ other: Int) -> Double {
        let (one, two) = (pool[place].row, pool[other].row)
        let sum = Canonical.sum(table.vector(ofRow: one), table.vector(ofRow: two), count: table.dimension)
        return Double(Canonical.score(sum: sum, norms: norms[place] * norms[other]))
    }

    /// The rows in their new order, once all are taken.
    var rows: [RankingKey] { taken.map { pool[$0] } }
}
