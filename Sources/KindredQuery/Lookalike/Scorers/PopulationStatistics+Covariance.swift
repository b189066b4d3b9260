import KindredDomain
import KindredKernels
import KindredModel

extension PopulationStatistics {
    /// A variance of at most this share of the mean square is what sums in float64 leave of none.
    static let roundingShare = 0x1p-40

    /// The mean variance of the elements. Throws where it is rounding.
    func variance(for scorer: Scorer) throws(ScorerFailure) -> Double {
        let variance = variance
        // False for what is not a number.
        guard variance > Self.roundingShare * meanSquare else {
            throw .noVariation(scorer, variance: variance)
        }
        return variance
    }

    /// The elements of a user's vector less the mean, `x - mean`, one by one.
    @inline(__always)
    func centre(_ vector: UnsafePointer<Float>, into centred: UnsafeMutablePointer<Double>) {
        let mean = mean.pointer
        for element in 0..<layout.dimension { centred[element] = Double(vector[element]) - mean[element] }
    }

    /// Writes a panel of the covariance: `products / N - mean mean`, with `ridge` added on the diagonal and 0 above it.
    func writeCovariance(panel: Int, ridge: Double, into triangle: FitMemory) {
        let rows = TriangleLayout.panelRows
        let start = TriangleLayout.start(ofPanel: panel)
        let (mean, products, count) = (mean.pointer, products.pointer, Double(rowCount))
        for column in 0..<(panel + 1) * rows {
            for lane in 0..<rows {
                let row = panel * rows + lane
                let index = start + rows * column + lane
                guard column <= row, row < layout.dimension else {
                    triangle.elements[index] = 0
                    continue
                }
                var value = products[index] / count - mean[row] * mean[column]
                if row == column { value += ridge }
                triangle.elements[index] = value
            }
        }
    }
}
