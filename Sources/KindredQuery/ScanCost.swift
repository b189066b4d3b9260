import KindredKernels

/// What a query costs, in the float32 multiply-adds that BLAS does in the same time: for deciding what fits a slice.
package enum ScanCost {
    /// The cost of planned queries over one side.
    package static func of(_ queries: ArraySlice<PlannedQuery>, over side: GenerationSide) -> Int {
        queries.reduce(0) { $0 + of($1, over: side) }
    }

    /// Per query beside its rows: coding, selection, answer.
    private static let perQuery = 30_000
    private static let perResult = 500

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
        case .gather(let listed):
            rows = listed.count
            products = rows * dimension
        }
        return products + perQuery + perResult * min(query.k, rows)
    }
}
