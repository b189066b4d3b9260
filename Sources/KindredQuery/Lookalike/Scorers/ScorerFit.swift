import KindredDomain
import KindredModel

/// Fits the scorer of a request to the seeds, in steps. The output is the weight vector that ranks every user.
///
/// Each scorer is a pure function from seeds to a weight vector, in a file of its own. `init` is the only place that
/// decides by the scorer.
enum ScorerFit {
    case centroid(SeedCentroid)

    /// `seeds` has at least one row of the table.
    init(_ scorer: LookalikeScorer, seeds: Bitmap, dimension: Int) {
        switch scorer {
        case .centroid: self = .centroid(SeedCentroid(seeds: seeds, dimension: dimension))
        }
    }

    /// Reads about `elementCount` elements of the seeds' vectors.
    mutating func step(elementCount: Int, table: VectorTable) -> Step<QueryVector> {
        switch self {
        case .centroid(var centroid):
            let step = centroid.step(seedCount: elementCount / table.dimension, table: table)
            self = .centroid(centroid)
            return step
        }
    }
}
