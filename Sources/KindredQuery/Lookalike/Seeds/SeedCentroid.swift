import KindredDomain
import KindredModel

/// The mean of the seeds, in steps: summed in float64 in ascending row order, divided once, rounded once.
struct SeedCentroid {
    private let seeds: Bitmap
    private var mean: MeanVector
    private var word = 0

    init(seeds: Bitmap, dimension: Int) {
        self.seeds = seeds
        mean = MeanVector(dimension: dimension)
    }

    /// Adds seeds until about `seedCount` were added. True once all are in.
    mutating func step(seedCount: Int, table: VectorTable) -> Bool {
        var budget = seedCount
        // Words without seeds cost little, but not nothing.
        var wordBudget = seedCount * 64
        while word < seeds.words.count, budget > 0, wordBudget > 0 {
            var bits = seeds.words[word]
            while bits != 0 {
                let row = UInt32(word * 64 + bits.trailingZeroBitCount)
                mean.add(table.vector(ofRow: row), weight: 1)
                bits &= bits - 1
                budget -= 1
            }
            word += 1
            wordBudget -= 1
        }
        return word == seeds.words.count
    }

    func finish() -> QueryVector? { mean.finish() }
}
