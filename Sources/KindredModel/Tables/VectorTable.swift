import KindredDomain
import KindredKernels
import KindredSystem

/// The vectors of one side of a version, with their ids and norms; row r belongs to the r-th smallest id.
///
/// Immutable; any thread may read. Code that scans holds the table and reads through `vectors` and `norms`; code that
/// outlives the table holds a column.
package final class VectorTable: @unchecked Sendable {
    package let side: Side
    /// Rows, at least 1.
    package let count: Int
    /// Elements of a row, 1 to 4,096.
    package let dimension: Int
    package let ids: IDTable
    /// Row-major and contiguous: row r begins at element `r * dimension`. Elements are finite, norms at most 2^60.
    package let vectorColumn: RegionColumn<Float>
    /// The canonical float64 norm of each row, 0 to 2^60.
    package let normColumn: RegionColumn<Double>
    /// The first element of `vectorColumn`. Valid while the table is held.
    package let vectors: UnsafePointer<Float>
    /// The first element of `normColumn`. Valid while the table is held.
    package let norms: UnsafePointer<Double>

    /// The greatest distance from 1 of a row's norm in a cosine model.
    ///
    /// A row divided by its float64 norm and rounded once per element has a length within 2^-24 of 1. Writers that
    /// divide in float32 stay within a few times that for any dimension. A row beyond the tolerance was never
    /// normalised, so its dot products are no cosines.
    static let unitNormTolerance = 1e-5

    /// A table over `ids.count * dimension` elements, row-major, in the order of `ids`. Throws for the first row that
    /// has an element that is not finite, a norm above 2^60, or, under cosine, a length that is not 1; throws without
    /// memory for the norms. `file` names the rows in failures.
    package init(
        side: Side, ids: IDTable, dimension: Int, vectors: RegionColumn<Float>, metric: Similarity,
        file: String,
        with resources: LoadResources = .plain
    ) throws(FileFailure) {
        precondition(dimension > 0 && vectors.count == ids.count * dimension)
        let norms = try resources.region(byteCount: ids.count * MemoryLayout<Double>.stride, for: file)
        try vectors.withElements { (rows) throws(FileFailure) in
            try norms.withMutableElements(of: Double.self) { (norms) throws(FileFailure) in
                try Self.findNorms(
                    rows: rows.baseAddress!, rowCount: ids.count, dimension: dimension, metric: metric,
                    file: file,
                    with: resources, into: norms.baseAddress!)
            }
        }
        self.side = side
        self.count = ids.count
        self.dimension = dimension
        self.ids = ids
        vectorColumn = vectors
        normColumn = RegionColumn(norms)
        self.vectors = vectorColumn.pointer
        self.norms = normColumn.pointer
    }

    /// A table of the elements of an array, row-major, in the order of `ids`. Throws like the other initialiser, and
    /// if there are not `ids.count * dimension` elements.
    package convenience init(
        side: Side, ids: IDTable, dimension: Int, elements: [Float], metric: Similarity = .dot
    ) throws(FileFailure) {
        let (wanted, overflow) = ids.count.multipliedReportingOverflow(by: dimension)
        guard dimension > 0, !overflow, elements.count == wanted else {
            throw FileFailure(
                file: "\(side)", field: "elements", found: "\(elements.count)",
                wanted: "\(ids.count) rows of dimension \(dimension)")
        }
        let region = try MemoryRegion.copy(of: elements, for: "\(side)")
        try self.init(
            side: side, ids: ids, dimension: dimension, vectors: RegionColumn(region), metric: metric,
            file: "\(side)")
    }

    /// A second object over the same memory, so that threads do not share one reference count.
    package init(replicaOf other: VectorTable) {
        side = other.side
        count = other.count
        dimension = other.dimension
        ids = IDTable(replicaOf: other.ids)
        vectors = other.vectors
        norms = other.norms
        vectorColumn = other.vectorColumn
        normColumn = other.normColumn
    }

    /// The vector of a row in `0 ..< count`: `dimension` elements. Valid while the table is held.
    @inline(__always)
    package func vector(ofRow row: UInt32) -> UnsafePointer<Float> { vectors + Int(row) * dimension }

    /// Elements of one part of the work, which one thread does at a time.
    private static let elementsPerPart = 1 << 20

    /// Writes the norm of each row to `norms` and checks the row. Throws for the first row that breaks a rule.
    private static func findNorms(
        rows: UnsafePointer<Float>, rowCount: Int, dimension: Int, metric: Similarity, file: String,
        with resources: LoadResources, into norms: UnsafeMutablePointer<Double>
    ) throws(FileFailure) {
        nonisolated(unsafe) let (rows, norms) = (rows, norms)
        let rowsPerPart = max(1, elementsPerPart / dimension)
        try resources.threads.run(rowCount, inPartsOf: rowsPerPart) { (part) throws(FileFailure) in
            for row in part {
                let vector = rows + row * dimension
                let norm = Canonical.norm(vector, count: dimension)
                norms[row] = norm
                guard norm <= Limits.normMax else {
                    throw failure(of: vector, row: row, norm: norm, dimension: dimension, file: file)
                }
                if metric == .cosine, abs(norm - 1) > unitNormTolerance {
                    throw FileFailure(
                        file: file, field: "the norm of row \(row)", found: "\(norm)",
                        wanted: "1 within \(unitNormTolerance), since the metric is cosine")
                }
            }
        }
    }

    /// Names the first element of a row that is not finite, or else the row's norm, which is above 2^60.
    private static func failure(
        of vector: UnsafePointer<Float>, row: Int, norm: Double, dimension: Int, file: String
    ) -> FileFailure {
        for element in 0..<dimension where !vector[element].isFinite {
            return FileFailure(
                file: file, field: "vectors[\(row), \(element)]", found: "\(vector[element])",
                wanted: "a finite number")
        }
        return FileFailure(
            file: file, field: "the norm of row \(row)", found: "\(norm)", wanted: "at most 2^60")
    }
}
