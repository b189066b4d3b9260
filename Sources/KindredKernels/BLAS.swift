import CBLAS
import CKindredSystem

/// Dense float32 products through CBLAS, on the calling thread alone. Callers bring their own threads.
package enum BLAS {
    /// The linked library's description of itself, for the log.
    package static let description: String = {
        if let text = kindred_blas_description() { return String(cString: text) }
        return "reference BLAS"
    }()

    /// Sets the library to one thread. Evaluated once, before the first product.
    package static let useOneThread: Void = { _ = kindred_blas_use_one_thread() }()

    /// `scores[q * rowCount + r]` = queries[q] . rows[r], in float32.
    ///
    /// Queries are `queryCount` x `dimension`, rows `rowCount` x `dimension`, both row-major and contiguous; `scores`
    /// has room for `queryCount` x `rowCount`. The order of summation, and so the last bits, depends on the library
    /// and the shape; `BLASErrorBound` limits the difference.
    package static func products(
        queries: UnsafePointer<Float>, queryCount: Int, rows: UnsafePointer<Float>, rowCount: Int,
        dimension: Int, into scores: UnsafeMutablePointer<Float>
    ) {
        _ = useOneThread
        let d = Int32(dimension)
        if queryCount == 1 {
            cblas_sgemv(
                CblasRowMajor, CblasNoTrans, Int32(rowCount), d, 1, rows, d, queries, 1, 0, scores, 1)
        } else {
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, Int32(queryCount), Int32(rowCount), d, 1, queries, d,
                rows, d, 0, scores, Int32(rowCount))
        }
    }
}
