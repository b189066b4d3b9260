import KindredDomain
import KindredKernels

extension Similarity {
    /// The canonical score of a row from its canonical sum with a query. `norms`, the product of the two norms, is
    /// asked for only where it matters: a row's lies elsewhere in memory.
    @inline(__always)
    func score(sum: Double, norms: @autoclosure () -> Double) -> Float {
        switch self {
        case .dot: Canonical.score(sum: sum)
        case .cosine: Canonical.score(sum: sum, norms: norms())
        }
    }
}
