import CKindredKernels

/// The shape of a lower triangular float64 matrix in panels of eight rows. `kindred_triangle.h` defines its elements.
package struct TriangleLayout: Sendable, Equatable {
    package static let panelRows = Int(KINDRED_PANEL_ROWS)

    /// Rows and columns, at least 1.
    package let dimension: Int
    package let panelCount: Int

    package init(dimension: Int) {
        self.dimension = dimension
        panelCount = (dimension + Self.panelRows - 1) / Self.panelRows
    }

    /// Elements of a wide vector: the dimension, rounded up to whole panels. Those from the dimension on are 0.
    package var wideCount: Int { panelCount * Self.panelRows }

    /// Elements of the matrix.
    package var elementCount: Int { Self.start(ofPanel: panelCount) }

    /// Elements of a panel.
    package static func elementCount(ofPanel panel: Int) -> Int { panelRows * panelRows * (panel + 1) }

    /// The number of a panel's first element.
    package static func start(ofPanel panel: Int) -> Int { panelRows * panelRows / 2 * panel * (panel + 1) }

    /// The number of an element with `row >= column`.
    package func index(row: Int, column: Int) -> Int {
        Self.start(ofPanel: row / Self.panelRows) + Self.panelRows * column + row % Self.panelRows
    }
}

/// Functions on lower triangular float64 matrices. All kernels give the same bits: `kindred_triangle.h` defines the
/// order of each operation.
///
/// The kernel of the process is chosen once, before `main`. Any thread may call. A kernel does not check memory: the
/// caller provides the stated room.
package struct TriangleKernels: @unchecked Sendable {
    private let functions: kindred_triangle_kernels

    /// The kernels of this process.
    package static let chosen = TriangleKernels(functions: kindred_triangle().pointee)

    /// The kernels of a name, `portable` or `avx2`, for tests. Nil if there are none or this CPU cannot run them.
    package static func named(_ name: String) -> TriangleKernels? {
        kindred_triangle_named(name).map { TriangleKernels(functions: $0.pointee) }
    }

    /// Adds to `sums`, row after row, the products of a row's elements with those of a panel.
    package func addProducts(
        of rows: UnsafePointer<Float>, rowCount: Int, dimension: Int, panel: Int,
        to sums: UnsafeMutablePointer<Double>
    ) {
        functions.add_products(rows, rowCount, dimension, panel, sums)
    }

    /// Widens a vector of float32, and adds `factor` times the vector to a wide vector.
    package func widen(
        _ vector: UnsafePointer<Float>, layout: TriangleLayout, factor: Double,
        into widened: UnsafeMutablePointer<Double>, addingTo sum: UnsafeMutablePointer<Double>
    ) {
        functions.widen(vector, layout.dimension, factor, widened, sum)
    }

    /// Replaces a range of a panel's columns by those of the Cholesky factor. Returns the first column whose pivot is
    /// not above `tolerance` times the matrix's element; nil where every one is.
    package func factor(
        _ triangle: UnsafeMutablePointer<Double>, layout: TriangleLayout, panel: Int, columns: Range<Int>,
        tolerance: Double
    ) -> Int? {
        let end = functions.factor(
            triangle, layout.dimension, panel, columns.lowerBound, columns.upperBound, tolerance)
        return end == layout.dimension ? nil : end
    }

    /// Writes a block of eight columns of the inverse of a triangle.
    package func invert(
        _ triangle: UnsafePointer<Double>, layout: TriangleLayout, block: Int,
        into inverse: UnsafeMutablePointer<Double>
    ) {
        functions.invert(triangle, layout.dimension, block, inverse)
    }

    /// Adds `factor * vector * vectorᵀ` to a panel for each of `count` wide vectors.
    package func addRanks(
        to triangle: UnsafeMutablePointer<Double>, layout: TriangleLayout, panel: Int,
        vectors: UnsafePointer<Double>, factors: UnsafePointer<Double>, count: Int
    ) {
        functions.add_ranks(triangle, layout.dimension, panel, vectors, factors, count)
    }

    /// The products of a triangle's panels with `count` wide vectors.
    package func multiply(
        _ triangle: UnsafePointer<Double>, layout: TriangleLayout, panels: Range<Int>,
        vectors: UnsafePointer<Double>, count: Int, into products: UnsafeMutablePointer<Double>
    ) {
        functions.multiply(
            triangle, layout.panelCount, panels.lowerBound, panels.upperBound, vectors, count, products)
    }

    /// The products of a transposed triangle with a wide vector, for a range of blocks of eight columns.
    package func multiplyTransposed(
        _ triangle: UnsafePointer<Double>, layout: TriangleLayout, blocks: Range<Int>,
        vector: UnsafePointer<Double>, into products: UnsafeMutablePointer<Double>
    ) {
        functions.multiply_transposed(
            triangle, layout.panelCount, blocks.lowerBound, blocks.upperBound, vector, products)
    }

    /// The canonical sums of a wide vector with itself and those before it.
    package func sums(
        of vectors: UnsafePointer<Double>, layout: TriangleLayout, row: Int,
        into sums: UnsafeMutablePointer<Double>
    ) {
        functions.sums(vectors, layout.panelCount, row, sums)
    }

    /// The sum of `count` wide vectors with factors.
    package func combine(
        _ vectors: UnsafePointer<Double>, factors: UnsafePointer<Double>, count: Int, layout: TriangleLayout,
        into combination: UnsafeMutablePointer<Double>
    ) {
        functions.combine(vectors, factors, count, layout.panelCount, combination)
    }

    /// Solves `L Lᵀ x = b` in place, for a Cholesky factor L and a wide b.
    package func solve(
        _ triangle: UnsafePointer<Double>, layout: TriangleLayout, b: UnsafeMutablePointer<Double>
    ) {
        functions.solve(triangle, layout.dimension, b)
    }
}
