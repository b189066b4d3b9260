import KindredKernels
import KindredModel

/// Finds first thresholds for the queries of a scan, from the codes of its first blocks.
///
/// A scan without threshold scores every row until it has k of them, and many more rows while the k-th best score is
/// still low. The products of some blocks give lower bounds of their rows' scores. The rows are cut into disjoint
/// groups, and the k-th greatest of the groups' greatest bounds is the threshold: at least k eligible rows reach it,
/// and finding it among few groups is cheap. Rows are not scored here: the scan compares their products with the
/// threshold.
package struct ThresholdSeeding {
    let table: CodeTableView
    let kernel: ScanKernel
    package let blocks: Range<Int>
    /// The shared list whose rows among the blocks were found last, and their number.
    private var sharedExclusions: RowSet?
    private var sharedCount = 0

    /// Blocks that are looked at, however few results are wanted.
    private static let blockCountUsual = 64
    /// Blocks of the table per usual block, at least.
    private static let blocksPerUsual = 8
    /// Rows that are looked at for each result, where later rows are as likely to be among the best as the first ones:
    /// a threshold that is too low has rows scored, and scoring a row costs as much as many products.
    private static let rowsPerResult = 100
    /// The greatest share of a table's rows that is looked at for that reason.
    private static let shareMax = 0.4
    /// Norms of the first blocks count as equal where the least is at least this share of the greatest.
    private static let likeness: Float = 0.9
    /// With fewer blocks, a threshold is not worth its products.
    private static let blockCountMin = 8
    /// Groups of rows for each row that must reach the threshold, where there are so many groups.
    private static let groupsPerRank = 2
    /// Rows of a rank per part of 16 groups, at most: the least of too few groups is far below the k-th row.
    private static let ranksPerPart = 8
    /// The greatest number of rows of which a threshold can be found.
    package static let rankMax = ranksPerPart * CodePeaks.partCountMax

    /// Blocks that are worth looking at for `k` results. `isCosine`: all queries compare by cosine, which does not grow
    /// with the rows' norms.
    package static func blockCount(of table: CodeTableView, k: Int, isCosine: Bool) -> Int {
        let all = (table.row_count + 15) / 16
        let usual = min(blockCountUsual, all / blocksPerUsual)
        let many = min(rowsPerResult * k / 16, Int(Double(all) * shareMax))
        guard many > usual else { return usual }
        let isAlike = table.blocks[many - 1].norm_min >= likeness * table.blocks[0].norm_max
        return isCosine || isAlike ? many : usual
    }

    /// Queries whose products with so many blocks fit the scratch memory.
    static func queryCountMax(blockCount: Int) -> Int { ScanScratch.hitsMax / (16 * max(1, blockCount)) }

    /// For `queryCount` queries, at least 1, that want at most `k` results each. The blocks are the first ones of
    /// `unit`, which the scan begins with. Nil where the table or the unit is too small.
    package init?(
        _ table: CodeTableView, kernel: ScanKernel, unit: Range<Int>, queryCount: Int, k: Int, isCosine: Bool
    ) {
        let room = ScanScratch.hitsMax / (16 * min(queryCount, ScanScratch.int8QueriesPerCallMax))
        let count = min(unit.count, room, Self.blockCount(of: table, k: k, isCosine: isCosine))
        guard count >= Self.blockCountMin else { return nil }
        self.table = table
        self.kernel = kernel
        blocks = unit.lowerBound..<unit.lowerBound + count
    }

    /// Rows of the blocks.
    var rowCount: Int { blocks.count * 16 }

    /// The bounds of the blocks as columns, once `readBounds` has written them.
    func blockColumns(_ scratch: ScanScratch) -> UnsafeMutablePointer<BlockColumns> {
        scratch.blockColumns.room(
            for: (blocks.count + BlockColumns.blockCount - 1) / BlockColumns.blockCount)
    }

    /// Reads the bounds of the blocks; before anything else.
    func readBounds(_ scratch: ScanScratch) {
        BlockColumns.write(table, blocks: blocks, to: blockColumns(scratch))
    }

    /// Multiplies the queries at `positions`, at most `ScanScratch.int8QueriesPerCallMax`, with the rows.
    func multiply(_ columns: Int8Columns, positions: Range<Int>, _ scratch: ScanScratch) {
        kernel.products(
            table, blocks: blocks, queries: columns.view(positions), count: positions.count,
            into: products(scratch, queryCount: positions.count))
    }

    /// The products of the queries that were multiplied last: those of the rows, query after query.
    func products(_ scratch: ScanScratch, queryCount: Int) -> UnsafeMutablePointer<Int32> {
        scratch.products.room(for: queryCount * rowCount)
    }

    /// Marks the rows that a query must not find, so that they count neither for its threshold nor as hits. `index` is
    /// the query's place among those that were multiplied last.
    mutating func exclude(_ exclusions: Exclusions, index: Int, of codes: Int8Codes, _ scratch: ScanScratch) {
        let products = products(scratch, queryCount: index + 1) + index * rowCount
        // A loop that asked the other module for it would call a function for each row.
        let mark = CodePeaks.excluded
        if let shared = exclusions.shared {
            let excluded = scratch.excludedPositions.room(for: rowCount)
            // Nearly always the list of the query before.
            if shared !== sharedExclusions {
                var count = 0
                forEachPosition(of: shared, codes) { position in
                    excluded[count] = Int32(truncatingIfNeeded: position)
                    count += 1
                }
                sharedExclusions = shared
                sharedCount = count
            }
            for number in 0..<sharedCount {
                products[Int(excluded[number])] = mark
            }
        }
        if let own = exclusions.own { forEachPosition(of: own, codes) { products[$0] = mark } }
        if let seen = exclusions.seen {
            let first = blocks.lowerBound * CodeEncoder.blockRows
            if first % 32 == 0,
                seen.forEachPosition(in: first..<first + rowCount, { products[$0 - first] = mark })
            {
                return
            }
            if seen.count <= rowCount {
                seen.forEach { row in
                    let position = Int(codes.positions[Int(row)]) - first
                    if position >= 0, position < rowCount { products[position] = mark }
                }
            } else {
                // The last block may have fewer rows.
                for position in 0..<min(rowCount, codes.rowCount - first)
                where seen.contains(codes.rows[first + position]) {
                    products[position] = mark
                }
            }
        }
    }

    /// Calls `body` with the positions, within the blocks, of the rows of a list, each once. Looks up the rows of a
    /// short list among the blocks, and the rows of the blocks in a long list.
    private func forEachPosition(of list: RowSet, _ codes: Int8Codes, _ body: (Int) -> Void) {
        forEachPosition(of: list.rows, codes, isListed: list.contains, body)
    }

    private func forEachPosition(
        of rows: some RandomAccessCollection<UInt32>, _ codes: Int8Codes, isListed: (UInt32) -> Bool,
        _ body: (Int) -> Void
    ) {
        let first = blocks.lowerBound * CodeEncoder.blockRows
        if rows.count <= rowCount {
            for row in rows {
                let position = Int(codes.positions[Int(row)]) - first
                if position >= 0, position < rowCount { body(position) }
            }
        } else {
            for position in 0..<min(rowCount, codes.rowCount - first)
            where isListed(codes.rows[first + position]) {
                body(position)
            }
        }
    }

    /// The same as a threshold of boosted scores.
    ///
    /// Rows of any class reach the least boosted score of the common threshold. Where a class is far above others, its
    /// own rows have a higher one.
    func threshold(
        _ columns: Int8Columns, positions: Range<Int>, index: Int, of member: Int8Group.Member, rank: Int,
        mask: UnsafePointer<UInt16>?, _ scratch: ScanScratch
    ) -> Float? {
        let common = threshold(
            columns, positions: positions, index: index, of: member.query, rank: rank, scratch)
        guard let boosts = member.boosts, let common else { return common }
        var greatest = boosts.leastBoosted(common)
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: blocks.count) { words in
            guard let words = words.baseAddress else { return }
            for found in boosts.seedingClasses {
                boosts.write(found, blocks: blocks, of: mask, to: words)
                let own = threshold(
                    columns, positions: positions, index: index, of: member.query, rank: rank, within: words,
                    scratch)
                if let own { greatest = max(greatest, boosts.boosted(own, class: found)) }
            }
        }
        return greatest
    }

    /// A score that at least `rank` eligible rows reach, for the query at `positions[index]` of those that were
    /// multiplied last; nil where none is found. `words` are a mask of the blocks in place of the query's own one.
    func threshold(
        _ columns: Int8Columns, positions: Range<Int>, index: Int, of query: Int8Query, rank: Int,
        within words: UnsafePointer<UInt16>? = nil, _ scratch: ScanScratch
    ) -> Float? {
        var partCount = 1
        while partCount < CodePeaks.partCountMax, 16 * partCount < Self.groupsPerRank * rank {
            partCount *= 2
        }
        // More groups than blocks add nothing.
        guard partCount <= blocks.count, rank <= Self.ranksPerPart * partCount else { return nil }
        func bound(_ queries: CodeQueries) -> Float {
            CodePeaks.bound(
                table, columns: blockColumns(scratch), blocks: blocks, queries: queries,
                index: index, products: products(scratch, queryCount: index + 1) + index * rowCount,
                byNorm: query.similarity == .cosine, rank: rank, partCount: partCount,
                peaks: scratch.peaks.room(for: 16 * partCount))
        }
        var queries = columns.view(positions)
        let bound =
            if let words {
                withUnsafeTemporaryAllocation(of: UnsafePointer<UInt16>?.self, capacity: index + 1) { masks in
                    masks.initialize(repeating: nil)
                    masks[index] = words - blocks.lowerBound
                    queries.masks = UnsafePointer(masks.baseAddress)
                    return bound(queries)
                }
            } else {
                bound(queries)
            }
        guard bound.isFinite, bound.magnitude >= 0x1p-60 else { return nil }
        let value = (Double(bound) - Double(bound.magnitude) * 0x1p-19) * query.code.scale
        switch query.similarity {
        case .dot: return DiscardRule.roundedDown(value)
        case .cosine: return DiscardRule.roundedDown(value / query.norm)
        }
    }
}
