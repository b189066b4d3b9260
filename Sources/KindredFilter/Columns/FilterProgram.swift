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
    /// The work of one row, in comparisons.
    private let cost: Int
    private var words: [UInt64] = []
    private let work: PatternWork
    /// Steps of `work` that the last word of 64 rows took; nil before the first one.
    private var stepsPerWord: Int?

    /// The work of one distinct value of a multi-valued attribute, in comparisons.
    private static let valueCost = 500

    /// Resolves the names of a parsed filter. `parameters` are its bound values, `seed` the query's own item or user;
    /// nil where the query has none. Throws for names that the table does not have, for columns whose values cannot be
    /// compared, for patterns that SQLite refuses, and for a catalog with texts in UTF-16, which SQLite orders by other
    /// bytes.
    package init(
        _ expression: FilterExpression, parameters: [FilterParameter] = [], over table: FilterTable,
        seed: FilterSeed? = nil
    ) throws(FilterFailure) {
        try table.checkTexts()
        let resolver = FilterResolver(table, seed: seed, parameters: parameters)
        let work = PatternWork()
        var builder = NodeBuilder(table, work: work)
        let node = builder.node(try resolver.resolve(expression))
        if let failure = work.failure { throw failure }
        self.work = work
        self.table = table
        self.node = node
        codeTables = builder.codeTables
        setTables = builder.setTables
        cost = node.cost
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
            } else {
                let wordCount = max(1, min(BlockScratch.wordsMax, left / 64 / costOfRow))
                let start = work.steps
                evaluate(wordCount)
                let steps = work.steps - start
                stepsPerWord = steps / wordCount
                left -= wordCount * 64 * cost + steps * CodeTable.comparisonsPerStep
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

    /// The work of one row, in comparisons, with that of its patterns: as it was for the rows before.
    private var costOfRow: Int {
        guard node.isByRows else { return cost }
        // Nothing is known of the first rows, so there are few of them.
        guard let stepsPerWord else { return .max / 64 }
        return cost + stepsPerWord * CodeTable.comparisonsPerStep / 64
    }

    private mutating func evaluate(_ wordCount: Int) {
        let start = words.count * 64
        let rows = start..<min(table.rowCount, start + wordCount * 64)
        let evaluator = BlockEvaluator(
            table: table, codeTables: codeTables, setTables: setTables, scratch: scratch, work: work)
        evaluator.evaluate(node, rows, level: 0, cares: nil)
        let truths = scratch.level(0).truths
        for word in 0..<(rows.count + 63) / 64 {
            let row = start + word * 64
            var truth = truths[word]
            if let entries = table.catalog.entries { truth &= entries.words[row / 64] }
            if table.rowCount - row < 64 { truth &= 1 << UInt64(table.rowCount - row) - 1 }
            words.append(truth)
        }
    }
}
