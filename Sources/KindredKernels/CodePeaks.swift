import CKindredKernels

/// Lower bounds of the best rows' inner products with a query, from the products of their codes.
package enum CodePeaks {
    /// A value that replaces a product: the query's answer must not have this row.
    package static var excluded: Int32 { Int32(KINDRED_EXCLUDED) }
    /// The greatest `partCount`: 16 groups of rows for each part.
    package static let partCountMax = KINDRED_PEAKS_MAX / CodeEncoder.blockRows

    /// A lower bound of the `rank`-th best inner product: the `rank`-th greatest of the lower bounds of
    /// `16 * partCount` groups of rows.
    ///
    /// At least `rank` eligible rows of the blocks reach it. Minus infinity if fewer than `rank` groups have an
    /// eligible row. The bound is in units of the query's scale; `byNorm` divides it by the row's norm, for cosine.
    /// It is exact within 2^-20 of its magnitude, if that is at least 2^-60.
    ///
    /// `products` are the products of query `index` with the blocks, `columns` the blocks' bounds. `peaks` has room for
    /// 16 x `partCountMax`. Traps unless `partCount` is a power of two up to `partCountMax`, `rank` is 1 to
    /// `16 * partCount`, and the table has the blocks.
    package static func bound(
        _ table: CodeTableView, columns: UnsafePointer<BlockColumns>, blocks: Range<Int>,
        queries: CodeQueries, index: Int, products: UnsafePointer<Int32>, byNorm: Bool, rank: Int,
        partCount: Int, peaks: UnsafeMutablePointer<Float>
    ) -> Float {
        precondition(
            (1...partCountMax).contains(partCount) && partCount & (partCount - 1) == 0,
            "no such number of parts")
        let groupCount = CodeEncoder.blockRows * partCount
        precondition((1...groupCount).contains(rank), "no such rank")
        table.require(blocks)
        withUnsafePointer(to: table) { table in
            withUnsafePointer(to: queries) { queries in
                kindred_code_peaks(
                    table, columns, blocks.lowerBound, blocks.count, queries, index, products, byNorm,
                    partCount, peaks)
            }
        }
        return kindred_kth_greatest(peaks, groupCount, rank)
    }
}
