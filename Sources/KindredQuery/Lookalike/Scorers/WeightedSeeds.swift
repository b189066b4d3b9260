import KindredDomain

/// The seeds that scorers fit: distinct rows with weights.
package struct WeightedSeeds: Sendable {
    /// Bit r is set where row r is a seed.
    package let rows: Bitmap
    package let count: Int
    /// Finite and not 0, in ascending order of rows; below 0 for users that the audience should not be like. Empty
    /// where each weight is 1.
    package let weights: [Float]

    /// Seeds of weight 1.
    package init(rows: Bitmap, count: Int) {
        self.rows = rows
        self.count = count
        weights = []
    }

    /// Seeds in any order, of rows in `0 ..< rowCount`. A row that comes several times is one seed. Its weight is the
    /// one that is farthest from 0; of two that are equally far, the positive one. So the order of the seeds does not
    /// matter. Throws for the first weight that is not finite, or 0.
    package init(_ seeds: [(row: UInt32, weight: Float)], rowCount: Int) throws(RequestFailure) {
        for (index, seed) in seeds.enumerated() where !seed.weight.isFinite || seed.weight == 0 {
            throw .invalidArgument(.scorer(.seedWeight(seed: index, value: seed.weight)))
        }
        let sorted = seeds.sorted { a, b in
            (a.row, -a.weight.magnitude, -a.weight) < (b.row, -b.weight.magnitude, -b.weight)
        }
        var rows = Bitmap(count: rowCount)
        var weights: [Float] = []
        for seed in sorted where rows.insert(Int(seed.row)) { weights.append(seed.weight) }
        self.rows = rows
        count = weights.count
        self.weights = weights
    }
}

/// Seeds in ascending order of rows, some at a time.
struct SeedWalk {
    /// A seed's row is seldom in a cache: fetching it takes about as long as so many multiply-adds.
    static let fetchCost = 256

    private let seeds: WeightedSeeds
    private var word = 0
    /// The seeds of the word that are still to come.
    private var bits: UInt64
    private var position = 0

    init(_ seeds: WeightedSeeds) {
        self.seeds = seeds
        bits = seeds.rows.words.first ?? 0
    }

    /// Visits the next seeds, `count` at most, and fewer where rows without seeds take as long. Returns whether all
    /// have been visited.
    mutating func next(_ count: Int, _ visit: (_ row: UInt32, _ weight: Float) -> Void) -> Bool {
        let words = seeds.rows.words
        var left = count
        // Words without seeds cost little, but not nothing.
        let end = min(words.count, word + 64 * count)
        while word < end {
            while bits != 0, left > 0 {
                let row = UInt32(truncatingIfNeeded: word * 64 + bits.trailingZeroBitCount)
                visit(row, seeds.weights.isEmpty ? 1 : seeds.weights[position])
                position += 1
                bits &= bits - 1
                left -= 1
            }
            guard bits == 0 else { return false }
            word += 1
            bits = word < words.count ? words[word] : 0
            if left == 0 { break }
        }
        return word == words.count
    }
}
