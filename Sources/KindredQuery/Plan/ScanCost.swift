import KindredKernels

/// The cost of queries, in the float32 multiply-adds that BLAS does in the same time. Decides what fits a slice.
package enum ScanCost {
    /// The cost of planned queries over one side.
    package static func of(_ queries: ArraySlice<PlannedQuery>, over side: GenerationSide) -> Int {
        queries.reduce(0) { $0 + of($1, over: side) }
    }

    /// Fixed cost of a query: coding, selection, answer.
    private static let perQuery = 30_000
    private static let perResult = 500
    /// Each result beyond the first `resultsUsual` costs so much more: large selections leave the near caches, and
    /// thresholds rise slowly, so that several rows are scored for each result.
    private static let perFurtherResult = 4_000
    private static let resultsUsual = 1_024

    /// The greatest cost of queries over a side, known before they are planned.
    package static func atMost(queryCount: Int, k: Int, over side: GenerationSide) -> Int {
        let rows = side.table.count
        let products = rows * side.table.dimension / ScanKernel.chosen.productsPerMultiplyAdd
        return queryCount * (products + perQuery + of(resultCount: min(k, rows)))
    }

    private static func of(_ query: PlannedQuery, over side: GenerationSide) -> Int {
        let dimension = side.table.dimension
        let rows: Int
        let products: Int
        switch query.path {
        case .blas:
            rows = side.table.count
            products = rows * dimension
        case .int8:
            rows = side.table.count
            products = rows * dimension / ScanKernel.chosen.productsPerMultiplyAdd
        case .gather:
            rows = query.eligibility.list?.count ?? 0
            products = rows * dimension
        }
        return products + perQuery + of(resultCount: min(query.fetchCount, rows))
    }

    private static func of(resultCount: Int) -> Int {
        perResult * resultCount + perFurtherResult * max(0, resultCount - resultsUsual)
    }
}
