import KindredDomain

/// Evaluates a condition for a block of rows, with SQLite's three truths: a bit for true and one for NULL, never both.
struct BlockEvaluator {
    let table: FilterTable
    let codeTables: [CodeTable]
    let setTables: [SetTable]
    let scratch: BlockScratch
    let work: PatternWork

    /// Writes the truths and the NULLs of `rows` to a level. Rows begin at a multiple of 64. Rows whose bit in `cares`
    /// is clear may get any truth; nil: all rows matter. Bits beyond the last row have no meaning.
    func evaluate(_ node: BlockNode, _ rows: Range<Int>, level index: Int, cares: UnsafePointer<UInt64>?) {
        let level = scratch.level(index)
        let wordCount = (rows.count + 63) / 64
        switch node {
        case .constant(let truth):
            level.truths.update(repeating: truth == true ? ~0 : 0, count: wordCount)
            level.nulls.update(repeating: truth == nil ? ~0 : 0, count: wordCount)
        case .present(let column):
            copyPresent(of: column, rows, to: level.truths)
            BlockKernels.clear(level.nulls, rows.count)
        case .integers(let column, let range):
            integers(column, rows) { BlockKernels.integers($0, rows.count, in: range, into: level.truths) }
            maskAbsent(column, rows, level)
        case .integerList(let column, let list):
            integers(column, rows) { BlockKernels.list($0, rows.count, among: list, into: level.truths) }
            maskAbsent(column, rows, level)
        case .reals(let column, let range):
            reals(column, rows) { BlockKernels.reals($0, rows.count, in: range, into: level.truths) }
            maskAbsent(column, rows, level)
        case .realList(let column, let list):
            reals(column, rows) { BlockKernels.list($0, rows.count, among: list, into: level.truths) }
            maskAbsent(column, rows, level)
        case .ranges(let ranges):
            BlockKernels.ranges(ranges, of: rows, into: level.truths)
            BlockKernels.clear(level.nulls, rows.count)
        case .codes(let index): codes(codeTables[index], rows, level)
        case .set(let index): set(setTables[index], rows, level)
        case .rows(let expression): byRows(expression, rows, level, cares)
        case .not(let inner):
            evaluate(inner, rows, level: index, cares: cares)
            for word in 0..<wordCount { level.truths[word] = ~(level.truths[word] | level.nulls[word]) }
        case .known(let inner):
            evaluate(inner, rows, level: index, cares: cares)
            BlockKernels.clear(level.nulls, rows.count)
        case .and(let nodes): connect(nodes, rows, index, cares, isAnd: true)
        case .or(let nodes): connect(nodes, rows, index, cares, isAnd: false)
        }
    }

    /// AND, and OR. A term matters only where those before it leave the truth open, and not at all where they decide it
    /// for the whole block.
    private func connect(
        _ nodes: [BlockNode], _ rows: Range<Int>, _ index: Int, _ cares: UnsafePointer<UInt64>?, isAnd: Bool
    ) {
        guard let first = nodes.first else { return }
        let level = scratch.level(index)
        let other = scratch.level(index + 1)
        let wordCount = (rows.count + 63) / 64
        evaluate(first, rows, level: index, cares: cares)
        for node in nodes.dropFirst() {
            var open: UInt64 = 0
            for word in 0..<wordCount { open |= undecided(level, word, isAnd) }
            guard open != 0 else { return }
            if node.isByRows {
                for word in 0..<wordCount {
                    level.cares[word] = undecided(level, word, isAnd) & (cares?[word] ?? ~0)
                }
                evaluate(node, rows, level: index + 1, cares: level.cares)
            } else {
                evaluate(node, rows, level: index + 1, cares: nil)
            }
            if isAnd { and(level, other, wordCount) } else { or(level, other, wordCount) }
        }
    }

    /// The rows of a word whose truth another term may change.
    @inline(__always)
    private func undecided(_ level: BlockScratch.Level, _ word: Int, _ isAnd: Bool) -> UInt64 {
        isAnd ? level.truths[word] | level.nulls[word] : ~level.truths[word]
    }

    private func and(_ level: BlockScratch.Level, _ other: BlockScratch.Level, _ wordCount: Int) {
        for word in 0..<wordCount {
            let (truth, otherTruth) = (level.truths[word], other.truths[word])
            let open = (truth | level.nulls[word]) & (otherTruth | other.nulls[word])
            level.truths[word] = truth & otherTruth
            level.nulls[word] = open & ~(truth & otherTruth)
        }
    }

    private func or(_ level: BlockScratch.Level, _ other: BlockScratch.Level, _ wordCount: Int) {
        for word in 0..<wordCount {
            let truth = level.truths[word] | other.truths[word]
            level.truths[word] = truth
            level.nulls[word] = (level.nulls[word] | other.nulls[word]) & ~truth
        }
    }

    // MARK: Columns

    private func integers(_ column: Int, _ rows: Range<Int>, _ use: (UnsafePointer<Int64>) -> Void) {
        guard case .integers(let all) = table.catalog.columns[column].values else { return }
        all.withUnsafeBufferPointer { if let start = $0.baseAddress { use(start + rows.lowerBound) } }
    }

    private func reals(_ column: Int, _ rows: Range<Int>, _ use: (UnsafePointer<Double>) -> Void) {
        guard case .reals(let all) = table.catalog.columns[column].values else { return }
        all.withUnsafeBufferPointer { if let start = $0.baseAddress { use(start + rows.lowerBound) } }
    }

    private func copyPresent(of column: Int, _ rows: Range<Int>, to words: UnsafeMutablePointer<UInt64>) {
        table.catalog.columns[column].present.words.withUnsafeBufferPointer { present in
            for word in 0..<(rows.count + 63) / 64 { words[word] = present[rows.lowerBound / 64 + word] }
        }
    }

    /// Makes NULL of the rows without a value.
    private func maskAbsent(_ column: Int, _ rows: Range<Int>, _ level: BlockScratch.Level) {
        table.catalog.columns[column].present.words.withUnsafeBufferPointer { present in
            for word in 0..<(rows.count + 63) / 64 {
                let isThere = present[rows.lowerBound / 64 + word]
                level.truths[word] &= isThere
                level.nulls[word] = ~isThere
            }
        }
    }

    private func codes(_ codeTable: CodeTable, _ rows: Range<Int>, _ level: BlockScratch.Level) {
        let column = table.catalog.columns[codeTable.column]
        guard case .text(let codes, _) = column.values else { return }
        BlockKernels.clear(level.nulls, rows.count)
        codes.withUnsafeBufferPointer { codes in
            guard let start = codes.baseAddress.map({ $0 + rows.lowerBound }) else { return }
            switch codeTable.form {
            case .none: BlockKernels.clear(level.truths, rows.count)
            case .range(let first, let last):
                BlockKernels.codes(start, rows.count, first: first, last: last, into: level.truths)
            case .any(let hasNulls):
                codeTable.truths.withUnsafeBufferPointer { truths in
                    guard let truths = truths.baseAddress else { return }
                    BlockKernels.codes(
                        start, rows.count, truths: truths, having: CodeTable.isTrue, into: level.truths)
                    guard hasNulls else { return }
                    BlockKernels.codes(
                        start, rows.count, truths: truths, having: CodeTable.isNull, into: level.nulls)
                }
            }
        }
        let absentIsTrue: UInt64 = codeTable.ofNull == CodeTable.isTrue ? ~0 : 0
        let absentIsNull: UInt64 = codeTable.ofNull == CodeTable.isNull ? ~0 : 0
        column.present.words.withUnsafeBufferPointer { present in
            for word in 0..<(rows.count + 63) / 64 {
                let isThere = present[rows.lowerBound / 64 + word]
                level.truths[word] = level.truths[word] & isThere | absentIsTrue & ~isThere
                level.nulls[word] = level.nulls[word] & isThere | absentIsNull & ~isThere
            }
        }
    }

    private func set(_ setTable: SetTable, _ rows: Range<Int>, _ level: BlockScratch.Level) {
        let set = table.catalog.sets[setTable.set]
        let isNull = setTable.match.isNull
        BlockKernels.clear(level.truths, rows.count)
        BlockKernels.clear(level.nulls, rows.count)
        set.offsets.withUnsafeBufferPointer { offsets in
            guard let start = offsets.baseAddress.map({ $0 + rows.lowerBound }) else { return }
            if isNull { return BlockKernels.anyCode(start, rows.count, into: level.nulls) }
            set.codes.withUnsafeBufferPointer { codes in
                setTable.isMatch.withUnsafeBufferPointer { isMatch in
                    guard let codes = codes.baseAddress, let isMatch = isMatch.baseAddress else { return }
                    BlockKernels.set(
                        start, rows.count, codes: codes, isMatch: isMatch, into: level.truths)
                }
            }
        }
        guard let nullRows = set.nullRows else { return }
        for word in 0..<(rows.count + 63) / 64 {
            level.nulls[word] |= nullRows.words[rows.lowerBound / 64 + word] & ~level.truths[word]
        }
    }

    // MARK: Rows

    private func byRows(
        _ expression: ResolvedExpression, _ rows: Range<Int>, _ level: BlockScratch.Level,
        _ cares: UnsafePointer<UInt64>?
    ) {
        let evaluator = RowEvaluator(table, work: work)
        for word in 0..<(rows.count + 63) / 64 {
            let start = rows.lowerBound + word * 64
            var open = cares?[word] ?? ~0
            if let entries = table.catalog.entries { open &= entries.words[start / 64] }
            if rows.upperBound - start < 64 { open &= 1 << UInt64(rows.upperBound - start) - 1 }
            var (truths, nulls): (UInt64, UInt64) = (0, 0)
            while open != 0, !work.isExceeded, !work.isPaused {
                let place = open.trailingZeroBitCount
                open &= open - 1
                switch evaluator.truth(expression, start + place) {
                case true?: truths |= 1 << UInt64(place)
                case nil: nulls |= 1 << UInt64(place)
                case false?: break
                }
            }
            level.truths[word] = truths
            level.nulls[word] = nulls
        }
    }
}
