import KindredKernels
import KindredModel

/// Some vectors in float64 with a number each, for kernels: wide, one after the other.
final class SeedChunk {
    /// Vectors, at most.
    static let countMax = 32

    let layout: TriangleLayout
    let vectors: FitMemory
    /// A number for each vector.
    let factors: FitMemory
    private(set) var count = 0

    /// `spare` more vectors have room after the last one.
    init(layout: TriangleLayout, spare: Int = 0) {
        self.layout = layout
        vectors = FitMemory(count: (Self.countMax + spare) * layout.wideCount)
        factors = FitMemory(count: Self.countMax)
        // Elements from the dimension on stay 0.
        vectors.clear()
    }

    var byteCount: Int { vectors.byteCount + factors.byteCount }

    func removeAll() { count = 0 }

    /// The wide vector at an index of `0 ..< countMax`, and of the spare ones after it.
    func vector(_ index: Int) -> UnsafeMutablePointer<Double> { vectors.elements + index * layout.wideCount }

    /// Takes up a vector with its factor; there is room. Returns where its elements go.
    func append(factor: Double) -> UnsafeMutablePointer<Double> {
        precondition(count < Self.countMax)
        factors.elements[count] = factor
        count += 1
        return vector(count - 1)
    }

    /// Adds `factor * x * xᵀ` of every vector x to a triangle, from `panel` on, for about `budget` multiply-adds, which
    /// it counts down. Returns the next panel.
    func addRanks(
        to matrix: FitMemory, from panel: Int, kernels: TriangleKernels, _ budget: inout Int
    ) -> Int {
        var panel = panel
        while panel < layout.panelCount, budget > 0 {
            kernels.addRanks(
                to: matrix.elements, layout: layout, panel: panel, vectors: vectors.elements,
                factors: factors.elements, count: count)
            budget -= count * TriangleLayout.elementCount(ofPanel: panel)
            panel += 1
        }
        return panel
    }
}

extension PopulationStatistics {
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
