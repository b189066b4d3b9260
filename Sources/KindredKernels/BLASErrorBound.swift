/// The greatest distance between a float32 inner product and the canonical float64 sum.
///
/// For any order of summation, with or without fused multiply-add, |fl(q.x) - q.x| <= gamma(d) |q| |x| + d 2^-149
/// with gamma(d) = d u / (1 - d u) and u = 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, 2nd
/// edition, section 3.1, and the Cauchy-Schwarz inequality; the last term is gradual underflow). The canonical
/// sum differs from q.x by the same expression with u = 2^-53, which `relative` includes.
package struct BLASErrorBound: Sendable {
    /// Error per |q| |x|, rounded up.
    package let relative: Double
    /// Error that does not depend on the norms: gradual underflow.
    package let absolute: Double

    /// The bound for vectors of `dimension` elements, 1 to 2^20.
    package init(dimension: Int) {
        let terms = Double(dimension + 2)
        func gamma(_ unit: Double) -> Double { terms * unit / (1 - terms * unit) }
        relative = (gamma(0x1p-24) + gamma(0x1p-53)) * (1 + 0x1p-40)
        absolute = terms * 0x1p-149
    }

    /// The greatest distance for a query of norm `queryNorm` and rows of norm at most `rowNorm`.
    package func slack(queryNorm: Double, rowNorm: Double) -> Double {
        relative * queryNorm * rowNorm * (1 + 0x1p-40) + absolute
    }
}
