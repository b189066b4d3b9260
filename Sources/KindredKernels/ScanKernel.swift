import CKindredKernels
import Glibc

/// The coded queries of one scan, as columns.
package typealias CodeQueries = kindred_code_queries
/// The bounds of `BlockColumns.blockCount` blocks, as columns.
package typealias BlockColumns = kindred_block_columns
/// A row that a kernel kept for a query.
package typealias CodeHit = kindred_code_hit

extension BlockColumns {
    /// Blocks of one value: 64.
    package static let blockCount = Int(KINDRED_COLUMN_BLOCKS)

    /// Writes the bounds of a range of a table's blocks to `columns`, which has room for one value for each 64 blocks
    /// or part of 64.
    package static func write(
        _ table: CodeTableView, blocks: Range<Int>, to columns: UnsafeMutablePointer<BlockColumns>
    ) {
        table.require(blocks)
        withUnsafePointer(to: table) {
            kindred_columns_of_blocks($0, blocks.lowerBound, blocks.count, columns)
        }
    }
}

extension CodeTableView {
    /// Traps unless the table has the blocks of a range, so that no kernel reads beyond its codes. Called once per
    /// kernel call, not per row.
    @inline(__always)
    func require(_ blocks: Range<Int>) {
        precondition(
            blocks.lowerBound >= 0
                && blocks.upperBound <= (row_count + CodeEncoder.blockRows - 1) / CodeEncoder.blockRows,
            "blocks outside the table")
    }
}

/// A kernel that compares coded rows with coded queries and keeps the rows whose product reaches the query's threshold.
///
/// All kernels keep the same rows of the same codes. The kernel of the process is chosen once, before `main`: the
/// highest that the CPU and the system offer and that the environment variable `KINDRED_ISA` allows. Any thread may
/// scan. A kernel does not check memory: the caller provides the stated room.
package struct ScanKernel: Sendable, Equatable {
    /// Why the value of `KINDRED_ISA` was not followed exactly.
    package enum RequestFault: Sendable, Equatable {
        /// It names no kernel, so it sets no limit.
        case unknown
        /// The CPU or the system does not offer the kernel; the highest one below it was chosen.
        case unavailable
    }

    /// `portable`, `avx2`, `vnni` or `amx`.
    package let name: String
    /// The greatest sum of the magnitudes of a quad of a query's codes, 128 to 508. `kindred_encode_query` defines
    /// quads.
    package let quadMax: Int
    private let isChosen: Bool

    /// Estimated products of codes in the time of one float32 multiply-add of BLAS, for several queries at once.
    /// Predicts how much work fits a slice.
    package var productsPerMultiplyAdd: Int {
        switch name {
        case "amx": 8
        case "vnni": 4
        case "avx2": 2
        default: 1
        }
    }

    /// All kernels, from the least demanding instruction set to the most demanding one.
    private static let names = ["portable", "avx2", "vnni", "amx"]

    /// The kernel of this process.
    package static let chosen = ScanKernel(
        name: String(cString: kindred_scan_kernel()), quadMax: Int(kindred_query_quad_max()), isChosen: true)

    /// All kernels that this CPU can run, for tests and measurements, in the order of `names`.
    package static let available: [ScanKernel] = names.compactMap { ScanKernel(named: $0) }

    /// The values that `KINDRED_ISA` may have, for messages.
    package static let rule = names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]

    /// The value of `KINDRED_ISA`; nil if it is unset or empty.
    package static var requested: String? {
        guard let value = getenv("KINDRED_ISA"), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// The fault of a value of `KINDRED_ISA` on this machine; nil if there is none.
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

    /// The kernel of a name; nil if there is none or this CPU cannot run it.
    package init?(named name: String) {
        let quadMax = Int(kindred_scan_kernel_quad_max(name))
        guard quadMax > 0 else { return nil }
        self.init(name: name, quadMax: quadMax, isChosen: name == Self.chosen.name)
    }

    /// Traps unless the queries' codes have the layout that kernels read: whole registers that hold all groups.
    @inline(__always)
    private static func require(_ queries: CodeQueries, for table: CodeTableView) {
        precondition(
            queries.code_stride % 64 == 0 && queries.code_stride >= 4 * table.groups,
            "codes of another dimension")
    }

    /// Compares a range of the table's blocks with `count` queries. Returns the number of hits.
    ///
    /// `hits` has room for 16 x blocks x `count`; hits come in any order. The queries are coded for `quadMax`. Traps if
    /// the table does not have the blocks or the queries have another layout.
    @inline(__always)
    package func scan(
        _ table: CodeTableView, blocks: Range<Int>, queries: CodeQueries, count: Int,
        into hits: UnsafeMutablePointer<CodeHit>
    ) -> Int {
        table.require(blocks)
        Self.require(queries, for: table)
        return withUnsafePointer(to: table) { table in
            withUnsafePointer(to: queries) { queries in
                isChosen
                    ? kindred_scan_codes(table, blocks.lowerBound, blocks.count, queries, count, hits)
                    : kindred_scan_codes_with(
                        name, table, blocks.lowerBound, blocks.count, queries, count, hits)
            }
        }
    }

    /// Multiplies a range of the table's blocks with `count` queries.
    ///
    /// `products` has room for 16 x blocks x `count`: all products of a query follow each other, in the order of rows.
    /// Traps as `scan` does.
    package func products(
        _ table: CodeTableView, blocks: Range<Int>, queries: CodeQueries, count: Int,
        into products: UnsafeMutablePointer<Int32>
    ) {
        table.require(blocks)
        Self.require(queries, for: table)
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

    /// Keeps the same rows as `scan`, by the products that the method `products` has written. Returns the number of
    /// hits.
    ///
    /// Products that were set to `CodePeaks.excluded` are not kept. `columns` are the blocks' bounds. `hits` has room
    /// as for `scan`. Traps if the table does not have the blocks.
    package func keep(
        _ products: UnsafePointer<Int32>, _ table: CodeTableView, columns: UnsafePointer<BlockColumns>,
        blocks: Range<Int>, queries: CodeQueries, count: Int, into hits: UnsafeMutablePointer<CodeHit>
    ) -> Int {
        table.require(blocks)
        return withUnsafePointer(to: table) { table in
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
