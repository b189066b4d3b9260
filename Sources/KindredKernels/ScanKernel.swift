import CKindredKernels
import Glibc

/// The columns of coded queries that a kernel reads.
package typealias CodeQueries = kindred_code_queries
/// The bounds of `BlockColumns.blockCount` blocks, as columns.
package typealias BlockColumns = kindred_block_columns
/// A row that a kernel kept for a query.
package typealias CodeHit = kindred_code_hit

extension BlockColumns {
    /// Blocks of one value.
    package static let blockCount = Int(KINDRED_COLUMN_BLOCKS)

    /// Writes the bounds of a range of a table's blocks to as many values as they take.
    package static func write(
        _ table: CodeTableView, blocks: Range<Int>, to columns: UnsafeMutablePointer<BlockColumns>
    ) {
        withUnsafePointer(to: table) {
            kindred_columns_of_blocks($0, blocks.lowerBound, blocks.count, columns)
        }
    }
}

/// A kernel that compares coded rows with coded queries and keeps the rows whose product reaches the query's threshold.
///
/// All kernels keep the same rows of the same codes. One is chosen once per process, before `main`, from what the CPU
/// and the system offer; the environment variable `KINDRED_ISA` names the highest that may be chosen. Any thread may
/// scan.
package struct ScanKernel: Sendable, Equatable {
    /// Why the value of `KINDRED_ISA` was not followed to the letter.
    package enum RequestFault: Sendable, Equatable {
        /// It names no kernel, and sets no bound.
        case unknown
        /// The CPU or the system lacks the kernel; the highest below it was chosen.
        case unavailable
    }

    /// `portable`, `avx2`, `vnni` or `amx`.
    package let name: String
    /// What the magnitudes of a quad of a query's codes may sum to, 128 to 508.
    package let quadMax: Int
    private let isChosen: Bool

    /// Products of codes that it does in the time of one float32 multiply-add of BLAS, with company: for judging how
    /// much work fits a slice.
    package var productsPerMultiplyAdd: Int {
        switch name {
        case "amx": 8
        case "vnni": 4
        case "avx2": 2
        default: 1
        }
    }

    /// Every kernel that there is, in ascending order of what it asks of the CPU.
    private static let names = ["portable", "avx2", "vnni", "amx"]

    /// The kernel that the process has chosen.
    package static let chosen = ScanKernel(
        name: String(cString: kindred_scan_kernel()), quadMax: Int(kindred_query_quad_max()), isChosen: true)

    /// Every kernel that this CPU can run, for tests and measurements, in ascending order of what they ask of it.
    package static let available: [ScanKernel] = names.compactMap { ScanKernel(named: $0) }

    /// The names that `KINDRED_ISA` may have, for messages.
    package static let rule = names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]

    /// The value of `KINDRED_ISA`; nil where it is unset or empty, which ask for nothing.
    package static var requested: String? {
        guard let value = getenv("KINDRED_ISA"), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// What is wrong with a value of `KINDRED_ISA` on this machine; nil where it can be followed.
    package static func fault(ofRequest value: String) -> RequestFault? {
        switch kindred_judge_isa(value) {
        case KINDRED_ISA_AVAILABLE: nil
        case KINDRED_ISA_UNAVAILABLE: .unavailable
        default: .unknown
        }
    }

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

    /// The products of a range of the table's blocks with `count` queries, for which there is room for 16 x blocks x
    /// `count`: all of a query's after each other.
    package func products(
        _ table: CodeTableView, blocks: Range<Int>, queries: CodeQueries, count: Int,
        into products: UnsafeMutablePointer<Int32>
    ) {
        withUnsafePointer(to: table) { table in
            withUnsafePointer(to: queries) { queries in
                if isChosen {
                    kindred_code_products(
                        table, blocks.lowerBound, blocks.count, queries, count, products)
                } else {
                    _ = kindred_code_products_with(
                        name, table, blocks.lowerBound, blocks.count, queries, count, products)
                }
            }
        }
    }

    /// What a scan of blocks keeps whose products with the queries are known: those that the method `products` wrote.
    /// `columns` are the blocks' bounds. The number of hits, as of `scan`.
    package func keep(
        _ products: UnsafePointer<Int32>, _ table: CodeTableView, columns: UnsafePointer<BlockColumns>,
        blocks: Range<Int>, queries: CodeQueries, count: Int, into hits: UnsafeMutablePointer<CodeHit>
    ) -> Int {
        withUnsafePointer(to: table) { table in
            withUnsafePointer(to: queries) { queries in
                isChosen
                    ? kindred_keep_products(
                        table, columns, blocks.lowerBound, blocks.count, queries, count, products, hits)
                    : kindred_keep_products_with(
                        name, table, columns, blocks.lowerBound, blocks.count, queries, count, products,
                        hits)
            }
        }
    }
}
