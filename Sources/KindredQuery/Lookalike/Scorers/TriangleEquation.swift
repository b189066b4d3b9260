import KindredDomain
import KindredKernels
import KindredModel

/// An equation M x = b with a symmetric positive definite M, which is solved in steps by Cholesky's method.
final class TriangleEquation {
    /// Multiply-adds of one call of a kernel, about.
    private static let productsPerCall = 1 << 16

    let layout: TriangleLayout
    /// M as a triangle, to be filled by the caller; overwritten by the solution.
    let matrix: FitMemory
    /// b as a wide vector, to be filled by the caller; in the end it is x.
    let unknowns: FitMemory
    private let kernels: TriangleKernels
    private let scorer: Scorer
    private var panel = 0
    private var column = 0

    init(dimension: Int, kernels: TriangleKernels, scorer: Scorer) {
        layout = TriangleLayout(dimension: dimension)
        matrix = FitMemory(count: layout.elementCount)
        unknowns = FitMemory(count: layout.wideCount)
        unknowns.clear()
        self.kernels = kernels
        self.scorer = scorer
    }

    var byteCount: Int { matrix.byteCount + unknowns.byteCount }

    /// Goes on for about `budget` multiply-adds, and takes those that were done from `budget`. True when x is found.
    /// After that, another equation may be filled in. Throws where a pivot is rounding.
    func solve(_ budget: inout Int) throws(ScorerFailure) -> Bool {
        while budget > 0 {
            guard panel < layout.panelCount else {
                kernels.solve(matrix.elements, layout: layout, b: unknowns.elements)
                budget -= 2 * layout.elementCount
                (panel, column) = (0, 0)
                return true
            }
            let columnCount = (panel + 1) * TriangleLayout.panelRows
            let perColumn = TriangleLayout.panelRows * columnCount
            let end = min(columnCount, column + max(1, Self.productsPerCall / perColumn))
            let singular = kernels.factor(
                matrix.elements, layout: layout, panel: panel, columns: column..<end,
                tolerance: FoldInFactors.pivotMin * Double(layout.dimension))
            if let singular { throw .unsolvable(scorer, equation: singular) }
            budget -= (end - column) * perColumn / 2
            column = end
            if end == columnCount { (panel, column) = (panel + 1, 0) }
        }
        return false
    }

    /// The first elements of x.
    func solution(count: Int) -> [Double] {
        Array(UnsafeBufferPointer(start: unknowns.elements, count: count))
    }
}
