import Glibc
import KindredKernels
import TestSupport
import Testing

/// Calls that would read or write beyond their memory end the process before a kernel runs.
///
/// The memory of these tests is large enough for the wrong call, so without the check the process ends normally.
@Suite struct KernelCallTests {
    /// A precondition that fails is an illegal instruction on x86-64 and a breakpoint elsewhere.
    #if arch(x86_64)
        private static let trap = ExitTest.Condition.signal(SIGILL)
    #else
        private static let trap = ExitTest.Condition.signal(SIGTRAP)
    #endif

    /// Two blocks of codes, of which the table says that it has one.
    private static func shortTable() -> (ScanKernelCase, CodeTableView) {
        var generator = SeededGenerator(seed: 18)
        let scanned = ScanKernelCase(
            dimension: 8, rowCount: 32, queryCount: 1, quadMax: 128, plain: true, wholeTable: true,
            masks: [nil], using: &generator)
        var table = scanned.table
        table.row_count = 16
        return (scanned, table)
    }

    @Test func scanOfBlocksThatTheTableLacks() async {
        await #expect(processExitsWith: Self.trap) {
            let (scanned, table) = Self.shortTable()
            let hits = ScanKernelMemory<CodeHit>(count: 32)
            _ = ScanKernel.chosen.scan(
                table, blocks: 0..<2, queries: scanned.queries, count: 1, into: hits.base)
        }
    }

    @Test func productsOfBlocksThatTheTableLacks() async {
        await #expect(processExitsWith: Self.trap) {
            let (scanned, table) = Self.shortTable()
            let products = ScanKernelMemory<Int32>(count: 32)
            ScanKernel.chosen.products(
                table, blocks: 0..<2, queries: scanned.queries, count: 1, into: products.base)
        }
    }

    @Test func codesOfAnotherDimension() async {
        await #expect(processExitsWith: Self.trap) {
            let (scanned, _) = Self.shortTable()
            let hits = ScanKernelMemory<CodeHit>(count: 32)
            var queries = scanned.queries
            queries.code_stride = 32
            _ = ScanKernel.chosen.scan(
                scanned.table, blocks: 0..<1, queries: queries, count: 1, into: hits.base)
        }
    }

    @Test(arguments: [3, 256]) func peaksOfAWrongNumberOfParts(partCount: Int) async {
        await #expect(processExitsWith: Self.trap) { [partCount = partCount as Int] in
            let (scanned, _) = Self.shortTable()
            let products = ScanKernelMemory<Int32>(count: 32)
            let peaks = ScanKernelMemory<Float>(count: 16 * 256)
            _ = CodePeaks.bound(
                scanned.table, columns: scanned.columns.base, blocks: 0..<2, queries: scanned.queries,
                index: 0,
                products: products.base, byNorm: false, rank: 1, partCount: partCount, peaks: peaks.base)
        }
    }

    @Test func blockOfTooManyRows() async {
        await #expect(processExitsWith: Self.trap) {
            let row: [Float] = [1, 2, 3, 4]
            row.withUnsafeBufferPointer { row in
                var codes = [UInt8](repeating: 0, count: 128)
                _ = CodeEncoder.encode(
                    rows: Array(repeating: row.baseAddress, count: 17), norms: Array(repeating: 6, count: 17),
                    rowCount: 17, dimension: 4, into: &codes)
            }
        }
    }
}
