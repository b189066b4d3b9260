import CBLAS
import CKindredSystem

/// Dense float32 products through CBLAS, single-threaded: the parallelism is the caller's.
package enum BLAS {
    /// What the linked library says of itself, for the log.
    package static let description: String = {
        if let text = kindred_blas_description() { return String(cString: text) }
        return "reference BLAS"
    }()

    /// Makes the library compute on the calling thread alone. Runs once; every product calls it.
    package static let useOneThread: Void = { _ = kindred_blas_use_one_thread() }()

    /// `scores[q * rowCount + r]` = queries[q] . rows[r], in float32.
    ///
    /// Queries are `queryCount` x `dimension`, rows `rowCount` x `dimension`, both row-major and contiguous. The
    /// order of the sums, and so the last bits, depend on the library and the shape; `BLASErrorBound` says by
    /// how much at most.
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
