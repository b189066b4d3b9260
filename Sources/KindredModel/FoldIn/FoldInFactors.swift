import KindredDomain
import KindredKernels
import KindredSystem

/// What a version needs to fold in visitors: A = YᵀY + lambda I over its items' vectors Y, and the inverse R of A's
/// Cholesky factor L. Where there are few items, the products R y of all of them too: there, a plain query takes about
/// as long as a visitor's products do.
///
/// `BlockSums` defines the order in which YᵀY is summed, `kindred_triangle.h` that of L and R. So the bits depend
/// neither on the CPU nor on the number of threads. Immutable; any thread may read.
package final class FoldInFactors: Sendable {
    /// Names their memory in failures.
    fileprivate static let purpose = "the items' fold-in factors"
    /// A pivot that is not above `pivotMin * dimension` times its element of the diagonal is rounding: the matrix is
    /// singular in float64.
    package static let pivotMin = 0x1p-50

    package let parameters: FoldInParameters
    package let layout: TriangleLayout
    package let kernels: TriangleKernels
    /// A, as a triangle.
    package let matrix: RegionColumn<Double>
    /// R, as a triangle.
    package let inverse: RegionColumn<Double>
    /// R y of every item, wide, in the order of rows; empty where there are many items.
    package let products: RegionColumn<Double>

    /// Bytes of all products, at most: above it, they are found for each visitor.
    package static let productByteCountMax = 8 << 20

    /// Bytes that the factors of a version hold, and the bytes that making them takes, with those.
    package static func byteCounts(rowCount: Int, dimension: Int) -> (held: Int, making: Int) {
        let layout = TriangleLayout(dimension: dimension)
        let triangle = layout.elementCount * MemoryLayout<Double>.stride
        let products = productByteCount(rowCount, layout)
        let summing = BlockSums.byteCount(rowCount: rowCount, layout: layout)
        return (
            2 * triangle + (products <= productByteCountMax ? products : 0),
            max(3 * triangle, triangle + summing)
        )
    }

    private static func productByteCount(_ rowCount: Int, _ layout: TriangleLayout) -> Int {
        let (count, overflow) = rowCount.multipliedReportingOverflow(
            by: layout.wideCount * MemoryLayout<Double>.stride)
        return overflow ? .max : count
    }

    /// The factors of a version's items. Threads share the work; a cancelled load throws.
    ///
    /// Throws without memory, and where A is singular in float64. `file` names the file that lambda is from.
    package init(
        items: VectorTable, parameters: FoldInParameters, file: String,
        with resources: LoadResources = .plain, kernels: TriangleKernels = .chosen,
        productByteCountMax: Int = FoldInFactors.productByteCountMax
    ) throws(FileFailure) {
        let layout = TriangleLayout(dimension: items.dimension)
        func region(_ byteCount: Int) throws(FileFailure) -> MemoryRegion {
            try resources.region(byteCount: byteCount, for: Self.purpose)
        }
        let triangle = layout.elementCount * MemoryLayout<Double>.stride
        let work = FoldInFactorization(
            items: items, layout: layout, kernels: kernels, resources: resources, file: file)
        let matrix = try region(triangle)
        try work.sum(into: matrix, lambda: parameters.lambda)
        let factor = try region(triangle)
        try work.factor(matrix, into: factor, lambda: parameters.lambda)
        let inverse = try region(triangle)
        try work.invert(factor, into: inverse)
        let productByteCount = Self.productByteCount(items.count, layout)
        if productByteCount <= productByteCountMax {
            let products = try region(productByteCount)
            try work.multiply(inverse, into: products)
            self.products = RegionColumn(products)
        } else {
            products = RegionColumn()
        }
        self.parameters = parameters
        self.layout = layout
        self.kernels = kernels
        self.matrix = RegionColumn(matrix)
        self.inverse = RegionColumn(inverse)
    }

    /// A second object over the same memory, so that threads do not share one reference count.
    package init(replicaOf other: FoldInFactors) {
        parameters = other.parameters
        layout = other.layout
        kernels = other.kernels
        matrix = other.matrix
        inverse = other.inverse
        products = other.products
    }
}

/// The steps of making a version's factors.
private struct FoldInFactorization: Sendable {
    let items: VectorTable
    let layout: TriangleLayout
    let kernels: TriangleKernels
    let resources: LoadResources
    let file: String

    private var threads: LoadingThreads { resources.threads }

    /// Writes YᵀY + lambda I.
    func sum(into region: MemoryRegion, lambda: Double) throws(FileFailure) {
        try BlockSums(items, kernels: kernels, with: resources, for: FoldInFactors.purpose)
            .write(products: region)
        region.withMutableElements(of: Double.self) { elements in
            for row in 0..<layout.dimension { elements[layout.index(row: row, column: row)] += lambda }
        }
    }

    /// Writes the Cholesky factor of a matrix.
    func factor(_ matrix: MemoryRegion, into region: MemoryRegion, lambda: Double) throws(FileFailure) {
        matrix.withBytes { source in region.withMutableBytes { $0.copyMemory(from: source) } }
        let tolerance = FoldInFactors.pivotMin * Double(layout.dimension)
        // One part, on one thread, so that it gives way as the load does.
        try threads.run(1, inPartsOf: 1) { (_) throws(FileFailure) in
            for panel in 0..<layout.panelCount where !threads.cancellation.isCancelled {
                let columns = 0..<(panel + 1) * TriangleLayout.panelRows
                let singular = region.withMutableElements(of: Double.self) {
                    kernels.factor(
                        $0.baseAddress!, layout: layout, panel: panel, columns: columns, tolerance: tolerance)
                }
                guard let singular else { continue }
                throw FileFailure(
                    file: file, field: "lambda", found: "\(lambda)",
                    wanted: "more: the items' vectors leave the \(Ordinal.text(singular)) of "
                        + "\(layout.dimension) equations without a solution in float64")
            }
        }
    }

    /// Writes the inverse of a triangle. A thread finds eight columns at a time.
    func invert(_ factor: MemoryRegion, into region: MemoryRegion) throws(FileFailure) {
        try threads.run(layout.panelCount, inPartsOf: 1) { (part) throws(FileFailure) in
            for block in part {
                factor.withBytes { source in
                    region.withMutableElements(of: Double.self) {
                        kernels.invert(
                            source.bindMemory(to: Double.self).baseAddress!, layout: layout, block: block,
                            into: $0.baseAddress!)
                    }
                }
            }
        }
    }

    /// Rows of a part of the products.
    private static let rowsPerPart = 64

    /// Writes the products of a triangle with all rows.
    func multiply(_ inverse: MemoryRegion, into region: MemoryRegion) throws(FileFailure) {
        try threads.run(items.count, inPartsOf: Self.rowsPerPart) { (part) throws(FileFailure) in
            let wideCount = layout.wideCount
            let widened = UnsafeMutablePointer<Double>.allocate(capacity: (part.count + 1) * wideCount)
            defer { widened.deallocate() }
            widened.initialize(repeating: 0, count: (part.count + 1) * wideCount)
            for (index, row) in part.enumerated() {
                // The sum is not used.
                kernels.widen(
                    items.vectors + row * layout.dimension, layout: layout, factor: 0,
                    into: widened + index * wideCount, addingTo: widened + part.count * wideCount)
            }
            inverse.withBytes { triangle in
                region.withMutableElements(of: Double.self) {
                    kernels.multiply(
                        triangle.bindMemory(to: Double.self).baseAddress!, layout: layout,
                        panels: 0..<layout.panelCount, vectors: widened, count: part.count,
                        into: $0.baseAddress! + part.lowerBound * wideCount)
                }
            }
        }
    }
}
