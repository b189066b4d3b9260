import KindredDomain
import KindredModel

/// The scorer `centroid`: the sum of the seeds' vectors with their weights, divided by the sum of the weights' absolute
/// values; in steps.
///
/// Summed in float64 in ascending row order, divided once, rounded once, so that the same seeds give the same bits.
struct SeedCentroid {
    private var walk: SeedWalk
    private var mean: MeanVector

    /// There is at least one seed.
    init(seeds: WeightedSeeds, dimension: Int) {
        walk = SeedWalk(seeds)
        mean = MeanVector(dimension: dimension)
    }

    /// Adds about `seedCount` seeds.
    mutating func step(seedCount: Int, table: VectorTable) -> Step<QueryVector> {
        var walk = walk
        let isDone = walk.next(max(1, seedCount)) { row, weight in
            mean.add(table.vector(ofRow: row), weight: weight)
        }
        self.walk = walk
        guard isDone else { return .working }
        guard let vector = mean.finish() else { preconditionFailure("a fit without seeds") }
        return .done(vector)
    }
}
