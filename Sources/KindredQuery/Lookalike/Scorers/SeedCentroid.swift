import KindredDomain
import KindredModel

/// The scorer `centroid`: the mean of the seeds, in steps.
///
/// Summed in float64 in ascending row order, divided once, rounded once, so that the same seeds give the same bits.
struct SeedCentroid {
    private let seeds: Bitmap
    private var mean: MeanVector
    private var word = 0

    /// `seeds` has at least one row.
    init(seeds: Bitmap, dimension: Int) {
        self.seeds = seeds
        mean = MeanVector(dimension: dimension)
    }

    /// Adds about `seedCount` seeds.
    mutating func step(seedCount: Int, table: VectorTable) -> Step<QueryVector> {
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
        guard word == seeds.words.count else { return .working }
        guard let vector = mean.finish() else { preconditionFailure("a fit without seeds") }
        return .done(vector)
    }
}
