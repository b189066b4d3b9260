import KindredKernels
import KindredModel

/// First thresholds of the queries of a scan, from the codes of the rows that come first.
///
/// A scan that knows no threshold scores every row it meets until it has k of them, and many more while the k-th best
/// is still far from its end. The products of some blocks give lower bounds of their rows' scores; the greatest bounds
/// of disjoint groups of rows stand in for the greatest bounds of rows, since finding the k-th of a few groups is
/// cheap. At least k rows that may be in the answer reach what is found, so it is a threshold. The rows are not scored
/// here: the scan compares their products with it, or meets them like all others.
struct ThresholdWarmUp {
    let table: CodeTableView
    let kernel: ScanKernel
    let blocks: Range<Int>

    /// Blocks that are looked at, at most.
    private static let blockCountMax = 64
    /// Of all blocks of a table, one in this many at most.
    private static let blocksPerSampledMin = 8
    /// With fewer blocks, little is to be learned.
    private static let blockCountMin = 8
    /// Groups for each row that must reach the threshold, where there are so many.
    private static let groupsPerRank = 2

    /// Nil where the table or `unit`, the blocks at the beginning of which the scan begins, is too small.
    init?(_ table: CodeTableView, kernel: ScanKernel, unit: Range<Int>) {
        let all = (table.row_count + 15) / 16
        let count = min(unit.count, Self.blockCountMax, all / Self.blocksPerSampledMin)
        guard count >= Self.blockCountMin else { return nil }
        self.table = table
        self.kernel = kernel
        blocks = unit.lowerBound..<unit.lowerBound + count
    }

    /// Rows that are looked at.
    var rowCount: Int { blocks.count * 16 }

    /// Multiplies the queries at `positions`, at most `ScanScratch.codedQueriesPerCallMax`, with the rows.
    func multiply(_ columns: CodeColumns, positions: Range<Int>, _ scratch: ScanScratch) {
        kernel.products(
            table, blocks: blocks, queries: columns.view(positions), count: positions.count,
            into: scratch.products)
    }

    /// A score that at least `rank` eligible rows reach, for the query at `positions[index]` of those multiplied; nil
    /// where none is found.
    func threshold(
        _ columns: CodeColumns, positions: Range<Int>, index: Int, of member: CodedQueries.Member, rank: Int,
        _ scratch: ScanScratch
    ) -> Float? {
        var partCount = 1
        while partCount < CodePeaks.partCountMax, 16 * partCount < Self.groupsPerRank * rank {
            partCount *= 2
        }
        // More groups than rows to fill them say nothing more, and of few groups the last is far below the k-th row.
        guard partCount <= blocks.count, rank <= 8 * partCount else { return nil }
        let bound = CodePeaks.bound(
            table, blocks: blocks, queries: columns.view(positions), index: index,
            products: scratch.products + index * rowCount, byNorm: member.scoring == .cosine, rank: rank,
            partCount: partCount, peaks: scratch.peaks)
        guard bound.isFinite, bound.magnitude >= 0x1p-60 else { return nil }
        let value = (Double(bound) - Double(bound.magnitude) * 0x1p-19) * member.code.scale
        switch member.scoring {
        case .dot: return DiscardRule.roundedDown(value)
        case .cosine: return DiscardRule.roundedDown(value / member.norm)
        }
    }
}
