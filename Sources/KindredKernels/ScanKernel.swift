import CKindredKernels

/// The columns of coded queries that a kernel reads.
package typealias CodeQueries = kindred_code_queries
/// A row that a kernel kept for a query.
package typealias CodeHit = kindred_code_hit

/// A kernel that compares coded rows with coded queries and keeps the rows whose product reaches the query's threshold.
///
/// All kernels keep the same rows of the same codes. One is chosen once per process, before `main`, from what the CPU
/// and the system offer; the environment variable `KINDRED_ISA` names the highest that may be chosen. Any thread may
/// scan.
package struct ScanKernel: Sendable, Equatable {
    /// `portable`, `avx2`, `vnni` or `amx`.
    package let name: String
    /// What the magnitudes of a quad of a query's codes may sum to, 128 to 508.
    package let quadMax: Int
    private let isChosen: Bool

    /// Every kernel that there is, in ascending order of what it asks of the CPU.
    private static let names = ["portable", "avx2", "vnni", "amx"]

    /// The kernel that the process has chosen.
    package static let chosen = ScanKernel(
        name: String(cString: kindred_scan_kernel()), quadMax: Int(kindred_query_quad_max()), isChosen: true)

    /// Every kernel that this CPU can run, for tests and measurements, in ascending order of what they ask of it.
    package static let available: [ScanKernel] = names.compactMap { ScanKernel(named: $0) }

    private init(name: String, quadMax: Int, isChosen: Bool) {
        self.name = name
        self.quadMax = quadMax
        self.isChosen = isChosen
    }

    /// The kernel of a name; nil where there is none or this CPU lacks it.
    package init?(named name: String) {
        let quadMax = Int(kindred_scan_kernel_quad_max(name))
        guard quadMax > 0 else { return nil }
        self.init(name: name, quadMax: quadMax, isChosen: name == Self.chosen.name)
    }

    /// Scans a range of the table's blocks; the number of hits, for which there is room for 16 x blocks x `count`.
    /// Hits come in any order. The queries are coded for `quadMax`.
    @inline(__always)
    package func scan(
        _ table: CodeTableView, blocks: Range<Int>, queries: CodeQueries, count: Int,
        into hits: UnsafeMutablePointer<CodeHit>
    ) -> Int {
        withUnsafePointer(to: table) { table in
            withUnsafePointer(to: queries) { queries in
                isChosen
                    ? kindred_scan_codes(table, blocks.lowerBound, blocks.count, queries, count, hits)
                    : kindred_scan_codes_with(
                        name, table, blocks.lowerBound, blocks.count, queries, count, hits)
            }
        }
    }
}
