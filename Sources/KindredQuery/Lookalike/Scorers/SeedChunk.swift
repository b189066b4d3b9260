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
