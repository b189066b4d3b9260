import KindredDomain

/// A filter that is evaluated over all rows of a table, in steps: `SELECT id FROM items WHERE <filter>`.
///
/// ```swift
/// var program = try FilterProgram(expression, parameters: filter.parameters, over: table, seed: nil)
/// while !program.step(rowCount: 100_000) {}
/// let rows = program.rows
/// ```
package struct FilterProgram: ~Copyable {
    private let table: FilterTable
    private let node: BlockNode
    private let scratch: BlockScratch
    private var codeTables: [CodeTable]
    private var setTables: [SetTable]
    /// The work of one row, in comparisons, and that of its conditions that are evaluated row by row.
    private let cost: Int
    private let costByRows: Int
    private var words: [UInt64] = []
    private let work: PatternWork
    /// Rows of the word after `words` that are judged, with their truths, where conditions are evaluated row by row.
    private var part: (rowCount: Int, truths: UInt64) = (0, 0)
    /// Rows that are judged together then. Nothing is known of the work of the first.
    private var rowsPerPart = 1

    /// The work of one distinct value of a table of values, in comparisons.
    static let valueCost = 500

    /// Resolves the names of a parsed filter. `parameters` are its bound values, `seed` the query's own item or user;
    /// nil where the query has none. Throws for names that the table does not have, for columns whose values cannot be
    /// compared, for patterns that SQLite refuses, and for a catalog with texts in UTF-16, which SQLite orders by other
    /// bytes.
    package init(
        _ expression: FilterExpression, parameters: [FilterParameter] = [], over table: FilterTable,
        seed: FilterSeed? = nil
    ) throws(FilterFailure) {
        try table.checkTexts()
        let work = PatternWork()
        let resolver = FilterResolver(table, seed: seed, parameters: parameters, work: work)
        var builder = NodeBuilder(table, work: work)
        let node = builder.node(of: try resolver.resolve(expression))
        if let failure = work.failure ?? builder.failure { throw failure }
        self.work = work
        self.table = table
        self.node = node
        codeTables = builder.codeTables
        setTables = builder.setTables
        cost = node.cost
        costByRows = node.costByRows
        scratch = BlockScratch(levelCount: node.depth + 1)
        words.reserveCapacity((table.rowCount + 63) / 64)
    }

    /// Whether there is nothing more to do: all rows are judged, or the filter has failed.
    package var isDone: Bool { work.isExceeded || isJudged }

    private var isJudged: Bool { words.count == (table.rowCount + 63) / 64 }

    /// Why the filter is refused after all; nil where it is not. Final once `isDone` is true.
    package var failure: FilterFailure? { work.failure }

    /// Works for about as long as comparing so many rows with a constant takes. True once all rows are judged, or the
    /// filter has failed.
    package mutating func step(rowCount: Int) -> Bool {
        var left = rowCount
        while left > 0, !isDone {
            if let index = codeTables.firstIndex(where: { !$0.isComplete }) {
                left -= codeTables[index].extend(comparisons: left, in: table, work: work)
            } else if let index = setTables.firstIndex(where: { !$0.isComplete }) {
                let count = max(1, left / Self.valueCost)
                setTables[index].extend(by: count, in: table)
                left -= count * Self.valueCost
            } else if costByRows > 0 {
                left -= evaluatePart(comparisons: left)
            } else {
                let wordCount = max(1, min(BlockScratch.wordsMax, left / 64 / cost))
                evaluate(wordCount)
                left -= wordCount * 64 * cost
            }
        }
        return isDone
    }

    /// The rows for which the filter is true. Rows without an entry in the catalog are not among them. All rows must
    /// be judged.
    package var rows: Bitmap {
        precondition(isJudged, "a step says when all rows are judged")
        return Bitmap(count: table.rowCount, words: words)
    }

    /// Judges some rows of a word where conditions are evaluated row by row: as many as so many comparisons take, at
    /// least one. Returns how many they took.
    private mutating func evaluatePart(comparisons: Int) -> Int {
        let start = words.count * 64
        let rows = start..<min(table.rowCount, start + 64)
        // The other conditions are evaluated for the whole word in each part, so that rows take as long at least.
        let costOfBlocks = 64 * (cost - costByRows)
        let affordable = max(comparisons - costOfBlocks, costOfBlocks) / costByRows
        let rowCount = max(1, min(rowsPerPart, rows.count - part.rowCount, affordable))
        var mask: UInt64 = rowCount == 64 ? ~0 : 1 << UInt64(rowCount) - 1
        mask <<= UInt64(part.rowCount)
        work.begin(mayPause: rowCount > 1)
        let first = work.steps
        evaluator.evaluate(node, rows, level: 0, cares: &mask)
        let taken =
            costOfBlocks + rowCount * costByRows + (work.steps - first) * CodeTable.comparisonsPerStep
        guard !work.isPaused else {
            rowsPerPart = rowCount / 2
            return taken
        }
        if rowCount == rowsPerPart { rowsPerPart = min(64, 2 * rowsPerPart) }
        part.rowCount += rowCount
        part.truths |= scratch.level(0).truths[0] & mask
        if part.rowCount == rows.count {
            append(part.truths)
            part = (0, 0)
        }
        return taken
    }

    private mutating func evaluate(_ wordCount: Int) {
        let start = words.count * 64
        let rows = start..<min(table.rowCount, start + wordCount * 64)
        evaluator.evaluate(node, rows, level: 0, cares: nil)
        let truths = scratch.level(0).truths
        for word in 0..<(rows.count + 63) / 64 { append(truths[word]) }
    }

    private var evaluator: BlockEvaluator {
        BlockEvaluator(
            table: table, codeTables: codeTables, setTables: setTables, scratch: scratch, work: work)
    }

    /// Adds the truths of the next 64 rows, without rows that have no entry and those beyond the last.
    private mutating func append(_ truths: UInt64) {
        let row = words.count * 64
        var truths = truths
        if let entries = table.catalog.entries { truths &= entries.words[row / 64] }
        if table.rowCount - row < 64 { truths &= 1 << UInt64(table.rowCount - row) - 1 }
        words.append(truths)
    }
}
