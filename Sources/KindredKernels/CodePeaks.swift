import CKindredKernels

/// Lower bounds of the best rows' inner products with a query, from the products of their codes.
package enum CodePeaks {
    /// Written over a product, it says that the query's answer must not have the row.
    package static let excluded = Int32(KINDRED_EXCLUDED)
    /// Groups that rows are cut into, at most: 16 for each part.
    package static let partCountMax = KINDRED_PEAKS_MAX / 16

    /// The `rank`-th greatest of the lower bounds of `16 * partCount` groups of rows: at least `rank` eligible rows of
    /// the blocks reach it. Minus infinity where fewer groups have an eligible row. `products` are those of query
    /// `index` with the blocks.
    ///
    /// The bound is of the inner product in units of the query's scale, and of that over the row's norm where
    /// `byNorm`. `columns` are the blocks' bounds, `partCount` is a power of two. It is exact within 2^-20 of
    /// its magnitude, if that is at least 2^-60. `peaks` has room for 16 x `partCountMax`.
    package static func bound(
        _ table: CodeTableView, columns: UnsafePointer<BlockColumns>, blocks: Range<Int>,
        queries: CodeQueries, index: Int, products: UnsafePointer<Int32>, byNorm: Bool, rank: Int,
        partCount: Int, peaks: UnsafeMutablePointer<Float>
    ) -> Float {
        withUnsafePointer(to: table) { table in
            withUnsafePointer(to: queries) { queries in
                kindred_code_peaks(
                    table, columns, blocks.lowerBound, blocks.count, queries, index, products, byNorm,
                    partCount, peaks)
            }
        }
        return kindred_kth_greatest(peaks, 16 * partCount, rank)
    }
}
