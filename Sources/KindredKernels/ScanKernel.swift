import CKindredKernels

/// The columns of coded queries that a kernel reads.
package typealias CodeQueries = kindred_code_queries
/// A row that a kernel kept for a query.
package typealias CodeHit = kindred_code_hit

/// One of the scan kernels that this CPU can run. All keep the same rows of the same codes.
package struct ScanKernel: Sendable {
    package let name: String
    /// What the magnitudes of a quad of a query's codes may sum to, 128 to 508.
    package let quadMax: Int
    private let isChosen: Bool

    /// The kernel that the process has chosen.
    package static let chosen = ScanKernel(
        name: CodeScan.kernelName, quadMax: CodeScan.queryQuadMax, isChosen: true)

    /// Every kernel that this CPU can run, for tests and measurements.
    package static let available: [ScanKernel] = CodeScan.kernelNames.compactMap { name in
        CodeScan.queryQuadMax(ofKernel: name).map {
            ScanKernel(name: name, quadMax: $0, isChosen: name == CodeScan.kernelName)
        }
    }

    /// Scans a range of the table's blocks; the number of hits, for which there is room for 16 x blocks x `count`.
    @inline(__always)
    package func scan(
        _ table: CodeTableView, blocks: Range<Int>, queries: CodeQueries, count: Int,
        into hits: UnsafeMutablePointer<CodeHit>
    ) -> Int {
        if isChosen {
            return CodeScan.scan(table, blocks: blocks, queries: queries, queryCount: count, into: hits)
        }
        return CodeScan.scan(
            kernel: name, table, blocks: blocks, queries: queries, queryCount: count, into: hits)!
    }
}
