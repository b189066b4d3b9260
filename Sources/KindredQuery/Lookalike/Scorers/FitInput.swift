import KindredDomain
import KindredKernels
import KindredModel

/// What scorers fit: seeds, and what is known of all users.
package struct FitInput: Sendable {
    /// At least one.
    package let seeds: WeightedSeeds
    package let users: VectorTable
    package let statistics: PopulationStatistics
    /// The training's settings; nil where the version does not carry them.
    package let foldIn: FoldInParameters?
    package let kernels: TriangleKernels

    package init(
        seeds: WeightedSeeds, users: VectorTable, statistics: PopulationStatistics, foldIn: FoldInParameters?,
        kernels: TriangleKernels = .chosen
    ) {
        precondition(seeds.count > 0, "a fit without seeds")
        precondition(seeds.rows.count == users.count && statistics.rowCount == users.count)
        self.seeds = seeds
        self.users = users
        self.statistics = statistics
        self.foldIn = foldIn
        self.kernels = kernels
    }
}

/// A fit that goes on in steps. Its output is a weight vector: a float64 number for each dimension.
package protocol WeightFit: AnyObject {
    /// Goes on for about `budget` multiply-adds, at least 1. Nothing more is called after the end or a failure.
    func step(budget: Int) throws(ScorerFailure) -> Step<[Double]>

    /// Bytes of memory that it holds.
    var byteCount: Int { get }
}

/// Memory of float64 numbers for a fit, with undefined content.
final class FitMemory {
    let elements: UnsafeMutablePointer<Double>
    let count: Int

    init(count: Int) {
        self.count = count
        elements = .allocate(capacity: count)
    }

    deinit { elements.deallocate() }

    var byteCount: Int { count * MemoryLayout<Double>.stride }

    func clear() { elements.update(repeating: 0, count: count) }
}
