import KindredDomain
import KindredKernels
import KindredSystem

/// The vectors of one side of a version, with their ids and norms; row r belongs to the r-th smallest id.
///
/// A table is one sorted segment. A side has one today; live changes will come as further segments beside it,
/// never as changes to this one. Immutable; any thread may read. Its pointers are valid for as long as the table
/// itself is held: a pointer does not keep it alive.
package final class VectorTable: @unchecked Sendable {
    package let side: Side
    /// Rows, at least 1.
    package let count: Int
    /// Elements of a row, 1 to 4,096.
    package let dimension: Int
    package let ids: IDTable
    /// Row-major and contiguous: row r begins at element `r * dimension`. Finite, norms at most 2^60.
    package let vectors: UnsafePointer<Float>
    /// The canonical float64 norm of each row.
    package let norms: UnsafePointer<Double>
    /// What keeps `vectors` and `norms` alive.
    private let storage: [MemoryRegion]

    /// How far from 1 the norm of a row of a cosine model may be.
    ///
    /// A row divided by its float64 norm and rounded once per element is within 2^-24 of length 1. Files of other
    /// writers, which divide in float32, are within a few times that for any dimension; a row off by more than
    /// this was never normalised, and its dot products are no cosines.
    static let unitNormTolerance = 1e-5

    /// A table over rows inside `storage`, checked: elements finite, norms at most 2^60 and, where `metric` is
    /// cosine, of length 1. `vectors` must be 4-byte aligned and hold `ids.count * dimension` elements.
    package init(
        side: Side, ids: IDTable, dimension: Int, vectors: UnsafeRawBufferPointer, storage: [MemoryRegion],
        metric: Similarity, file: String, with means: LoadResources = .plain
    ) throws(FileFailure) {
        precondition(dimension > 0 && vectors.count == ids.count * dimension * MemoryLayout<Float>.stride)
        let rows = vectors.baseAddress!.assumingMemoryBound(to: Float.self)
        let norms = try means.region(byteCount: ids.count * MemoryLayout<Double>.stride, for: file)
        let normValues = norms.baseAddress!.bindMemory(to: Double.self, capacity: ids.count)
        try Self.findNorms(
            rows: rows, rowCount: ids.count, dimension: dimension, metric: metric, file: file,
            with: means, into: normValues)
        self.side = side
        self.count = ids.count
        self.dimension = dimension
        self.ids = ids
        self.vectors = rows
        self.norms = UnsafePointer(normValues)
        self.storage = storage + [norms]
    }

    /// A table of vectors at hand, row-major, in the order of `ids`. Throws as the other initialiser does, and
    /// where the number of elements is not `ids.count * dimension`.
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
            side: side, ids: ids, dimension: dimension, vectors: region.bytes, storage: [region],
            metric: metric, file: "\(side)")
    }

    /// An object of its own over the same memory.
    package init(replicaOf other: VectorTable) {
        side = other.side
        count = other.count
        dimension = other.dimension
        ids = IDTable(replicaOf: other.ids)
        vectors = other.vectors
        norms = other.norms
        storage = other.storage
    }

    /// The vector of a row in `0 ..< count`: `dimension` elements.
    @inline(__always)
    package func vector(ofRow row: UInt32) -> UnsafePointer<Float> { vectors + Int(row) * dimension }

    /// Elements whose norms one thread finds in a row.
    private static let elementsPerPart = 1 << 20

    /// The norms of all rows, each checked. Throws for the first row that is not as it must be.
    private static func findNorms(
        rows: UnsafePointer<Float>, rowCount: Int, dimension: Int, metric: Similarity, file: String,
        with means: LoadResources, into norms: UnsafeMutablePointer<Double>
    ) throws(FileFailure) {
        nonisolated(unsafe) let (rows, norms) = (rows, norms)
        let rowsPerPart = max(1, elementsPerPart / dimension)
        try means.threads.run(rowCount, inPartsOf: rowsPerPart) { (part) throws(FileFailure) in
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

    /// What is wrong with a row whose norm is not at most 2^60.
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
