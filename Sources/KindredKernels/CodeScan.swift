import CKindredKernels

/// Compares coded rows with coded queries and keeps the rows whose product reaches the query's threshold.
///
/// The kernel is chosen once per process, before `main`, from what the CPU and the system offer; the environment
/// variable `KINDRED_ISA` names the highest that may be chosen. All kernels keep the same rows of the same codes.
/// Any thread may scan.
package enum CodeScan {
    /// The chosen kernel: `portable`, `avx2`, `vnni` or `amx`.
    package static let kernelName = String(cString: kindred_scan_kernel())

    /// What the magnitudes of a quad of a query may sum to for the chosen kernel, 128 to 508.
    package static let queryQuadMax = Int(kindred_query_quad_max())

    /// Every kernel that there is, in ascending order of what it asks of the CPU.
    package static let kernelNames = ["portable", "avx2", "vnni", "amx"]

    /// The same of a named kernel; nil where this CPU lacks it.
    package static func queryQuadMax(ofKernel name: String) -> Int? {
        let quadMax = Int(kindred_scan_kernel_quad_max(name))
        return quadMax == 0 ? nil : quadMax
    }

    /// Scans a range of the table's blocks by the chosen kernel; the number of hits.
    ///
    /// `hits` has room for 16 x blocks x queries. Hits come in any order. The queries are coded for `queryQuadMax`.
    package static func scan(
        _ table: kindred_code_table, blocks: Range<Int>, queries: kindred_code_queries, queryCount: Int,
        into hits: UnsafeMutablePointer<kindred_code_hit>
    ) -> Int {
        withUnsafePointer(to: table) { table in
            withUnsafePointer(to: queries) { queries in
                kindred_scan_codes(table, blocks.lowerBound, blocks.count, queries, queryCount, hits)
            }
        }
    }

    /// The same by a named kernel, for tests and measurements; nil where this CPU lacks it.
    package static func scan(
        kernel name: String, _ table: kindred_code_table, blocks: Range<Int>, queries: kindred_code_queries,
        queryCount: Int, into hits: UnsafeMutablePointer<kindred_code_hit>
    ) -> Int? {
        let found = withUnsafePointer(to: table) { table in
            withUnsafePointer(to: queries) { queries in
                kindred_scan_codes_with(
                    name, table, blocks.lowerBound, blocks.count, queries, queryCount, hits)
            }
        }
        // The C side says SIZE_MAX, which a signed count shows as -1.
        return found == -1 ? nil : found
    }
}
