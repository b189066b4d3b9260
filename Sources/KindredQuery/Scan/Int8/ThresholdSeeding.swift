import KindredKernels
import KindredModel

/// First thresholds of the queries of a scan, from the codes of the rows that come first.
///
/// A scan that knows no threshold scores every row it meets until it has k of them, and many more while the k-th best
/// is still far from its end. The products of some blocks give lower bounds of their rows' scores; the greatest bounds
/// of disjoint groups of rows stand in for the greatest bounds of rows, since finding the k-th of a few groups is
/// cheap. At least k rows that may be in the answer reach what is found, so it is a threshold. The rows are not scored
/// here: the scan compares their products with it, or meets them like all others.
package struct ThresholdSeeding {
    let table: CodeTableView
    let kernel: ScanKernel
    package let blocks: Range<Int>
    /// The shared list whose rows among the blocks are known, and how many those are.
    private var sharedExclusions: RowSet?
    private var sharedCount = 0

    /// Blocks that are looked at, whatever is wanted of the scan...
    private static let blockCountUsual = 64
    /// ...of all blocks of a table, one in this many at most.
    private static let blocksPerUsual = 8
    /// Rows that are looked at for each result, where rows further on are as likely to be among the best as the first
    /// ones: many products cost what scoring one row does for which a threshold was too low...
    private static let rowsPerResult = 100
    /// ...of all rows of a table, this share at most.
    private static let shareMax = 0.4
    /// Norms of a table's first blocks are alike where the least is at least this share of the greatest.
    private static let likeness: Float = 0.9
    /// With fewer blocks, little is to be learned.
    private static let blockCountMin = 8
    /// Groups for each row that must reach the threshold, where there are so many.
    private static let groupsPerRank = 2

    /// Blocks that are worth looking at for `k` results. `isCosine`: all queries compare by cosine, which
    /// does not grow with the rows' norms.
    package static func blockCount(of table: CodeTableView, k: Int, isCosine: Bool) -> Int {
        let all = (table.row_count + 15) / 16
        let usual = min(blockCountUsual, all / blocksPerUsual)
        let many = min(rowsPerResult * k / 16, Int(Double(all) * shareMax))
        guard many > usual else { return usual }
        let isAlike = table.blocks[many - 1].norm_min >= likeness * table.blocks[0].norm_max
        return isCosine || isAlike ? many : usual
    }

    /// How many queries can be multiplied with so many blocks: there is room for their products.
    static func queryCountMax(blockCount: Int) -> Int { ScanScratch.hitsMax / (16 * max(1, blockCount)) }

    /// For `queryCount` queries, at least 1, that want at most `k` results. Nil where the table or `unit`, the blocks
    /// at the beginning of which the scan begins, is too small.
    package init?(
        _ table: CodeTableView, kernel: ScanKernel, unit: Range<Int>, queryCount: Int, k: Int, isCosine: Bool
    ) {
        let room = ScanScratch.hitsMax / (16 * min(queryCount, ScanScratch.codedQueriesPerCallMax))
        let count = min(unit.count, room, Self.blockCount(of: table, k: k, isCosine: isCosine))
        guard count >= Self.blockCountMin else { return nil }
        self.table = table
        self.kernel = kernel
        blocks = unit.lowerBound..<unit.lowerBound + count
    }

    /// Rows that are looked at.
    var rowCount: Int { blocks.count * 16 }

    /// Reads the bounds of the blocks, before anything else.
    func readBounds(_ scratch: ScanScratch) {
        BlockColumns.write(table, blocks: blocks, to: scratch.blockColumns)
    }

    /// Multiplies the queries at `positions`, at most `ScanScratch.codedQueriesPerCallMax`, with the rows.
    func multiply(_ columns: CodeColumns, positions: Range<Int>, _ scratch: ScanScratch) {
        kernel.products(
            table, blocks: blocks, queries: columns.view(positions), count: positions.count,
            into: scratch.products)
    }

    /// Marks the rows that a query must not find, so that they count neither for its threshold nor as kept.
    mutating func exclude(_ exclusions: Exclusions, index: Int, of codes: Int8Codes, _ scratch: ScanScratch) {
        let products = scratch.products + index * rowCount
        if let shared = exclusions.shared {
            // Nearly always that of the query before.
            if shared !== sharedExclusions {
                var count = 0
                forEachPosition(of: shared, codes) { position in
                    scratch.excludedPositions[count] = Int32(truncatingIfNeeded: position)
                    count += 1
                }
                sharedExclusions = shared
                sharedCount = count
            }
            for number in 0..<sharedCount {
                products[Int(scratch.excludedPositions[number])] = CodePeaks.excluded
            }
        }
        if let own = exclusions.own { forEachPosition(of: own, codes) { products[$0] = CodePeaks.excluded } }
    }

    /// The positions of the rows of a list among the rows that are looked at: of a short list each row is looked for
    /// among the blocks, of a long one each row of the blocks in the list.
    private func forEachPosition(of list: RowSet, _ codes: Int8Codes, _ body: (Int) -> Void) {
        let first = blocks.lowerBound * CodeEncoder.blockRows
        if list.count <= rowCount {
            for row in list.rows {
                let position = Int(codes.positions[Int(row)]) - first
                if position >= 0, position < rowCount { body(position) }
            }
        } else {
            for position in 0..<min(rowCount, codes.rowCount - first)
            where list.contains(codes.rows[first + position]) {
                body(position)
            }
        }
    }

    /// A score that at least `rank` eligible rows reach, for the query at `positions[index]` of those multiplied; nil
    /// where none is found.
    func threshold(
        _ columns: CodeColumns, positions: Range<Int>, index: Int, of query: CodedQuery, rank: Int,
        _ scratch: ScanScratch
    ) -> Float? {
        var partCount = 1
        while partCount < CodePeaks.partCountMax, 16 * partCount < Self.groupsPerRank * rank {
            partCount *= 2
        }
        // More groups than rows to fill them say nothing more, and of few groups the last is far below the k-th row.
        guard partCount <= blocks.count, rank <= 8 * partCount else { return nil }
        let bound = CodePeaks.bound(
            table, columns: scratch.blockColumns, blocks: blocks, queries: columns.view(positions),
            index: index, products: scratch.products + index * rowCount, byNorm: query.similarity == .cosine,
            rank: rank,
            partCount: partCount, peaks: scratch.peaks)
        guard bound.isFinite, bound.magnitude >= 0x1p-60 else { return nil }
        let value = (Double(bound) - Double(bound.magnitude) * 0x1p-19) * query.code.scale
        switch query.similarity {
        case .dot: return DiscardRule.roundedDown(value)
        case .cosine: return DiscardRule.roundedDown(value / query.norm)
        }
    }
}
