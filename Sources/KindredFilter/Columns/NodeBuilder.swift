import KindredDomain

/// Turns a condition into one that blocks of rows evaluate: a range where a column of numbers is compared with a
/// constant, a table where a condition names one column of texts alone, and rows for the rest.
struct NodeBuilder {
    private let table: FilterTable
    private(set) var codeTables: [CodeTable] = []
    private(set) var setTables: [SetTable] = []
    private let work: PatternWork
    /// Bytes of all tables.
    private var tableByteCount = 0
    /// Why the filter is refused; nil where it is not.
    private(set) var failure: FilterFailure?

    init(_ table: FilterTable, work: PatternWork) {
        self.table = table
        self.work = work
    }

    /// The node of a condition.
    mutating func node(of expression: ResolvedExpression) -> BlockNode {
        node(expression.folded(evaluator))
    }

    private mutating func node(_ expression: ResolvedExpression) -> BlockNode {
        let dependence = expression.dependence
        if dependence.isConstant { return .constant(evaluator.truth(expression, 0)) }
        if case .isNull(.column(let index, _)) = expression { return .not(.present(column: index)) }
        if case .not(let a) = expression, case .isNull(.column) = a { return .not(node(a)) }
        if let column = textColumn(dependence), hasRoom(CodeTable.textCount(column, table)) {
            checkTexts(of: expression)
            codeTables.append(CodeTable(expression, column: column, in: table, work: work))
            return .codes(table: codeTables.count - 1)
        }
        switch expression {
        case .not(let a): return .not(node(a))
        case .and(let terms):
            let nodes = Self.merged(nodes(gathered(terms) { .and($0) }))
            return nodes.count == 1 ? nodes[0] : .and(nodes)
        case .or(let terms): return .or(nodes(gathered(terms) { .or($0) }))
        case .comparison(let comparison, let a, let b): return self.comparison(comparison, a, b)
        case .inList(let a, let list):
            if let node = self.list(a, list) { return node }
        case .inSet(let a, let set):
            if a.dependence.isConstant, hasRoom(table.catalog.sets[set].values.count) {
                let value = evaluator.value(a, 0)
                let match = SetMatch(table.catalog.sets[set], value, affinity: a.affinity)
                setTables.append(SetTable(match, set: set, in: table))
                return .set(table: setTables.count - 1)
            }
        case .column, .id, .plus:
            // A number is true unless it is 0.
            if let operand = NumberOperand(expression, in: table) {
                return .not(operand.node(.equal, .integer(0)))
            }
        default: break
        }
        return rows(expression)
    }

    private mutating func rows(_ expression: ResolvedExpression) -> BlockNode {
        checkTexts(of: expression)
        return .rows(expression)
    }

    /// Refuses the filter where a condition reads too much again for each row or each text.
    private mutating func checkTexts(of expression: ResolvedExpression) {
        let byteCount = expression.textByteCount
        guard byteCount > Limits.rowTextBytesMax else { return }
        failure = FilterFailure(
            .unsupported(
                "a condition with \(byteCount) bytes of text, which each row reads again",
                wanted: "at most \(Limits.rowTextBytesMax) bytes"), at: 0)
    }

    private var evaluator: RowEvaluator { RowEvaluator(table, work: work) }

    /// The column of texts that a condition depends on alone.
    private func textColumn(_ dependence: ResolvedExpression.Dependence) -> Int? {
        guard !dependence.others, dependence.columns.count == 1, let column = dependence.columns.first,
            case .text = table.catalog.columns[column].values
        else { return nil }
        return column
    }

    /// Takes room for a table of so many bytes. False where the tables of the filter are too large with it.
    private mutating func hasRoom(_ byteCount: Int) -> Bool {
        guard tableByteCount + byteCount <= Limits.filterTableBytesMax else { return false }
        tableByteCount += byteCount
        return true
    }

    /// The terms of an AND or an OR, of which those of one column of texts have become one term: a table serves them
    /// all.
    private func gathered(
        _ terms: [ResolvedExpression], _ joined: ([ResolvedExpression]) -> ResolvedExpression
    ) -> [ResolvedExpression] {
        var places: [Int: Int] = [:]
        var groups: [[ResolvedExpression]] = []
        for term in terms {
            guard let column = textColumn(term.dependence) else {
                groups.append([term])
                continue
            }
            if let place = places[column] {
                groups[place].append(term)
            } else {
                places[column] = groups.count
                groups.append([term])
            }
        }
        return groups.map { $0.count == 1 ? $0[0] : joined($0) }
    }

    /// Those that are evaluated row by row come last. The order of terms does not change the truth.
    private mutating func nodes(_ terms: [ResolvedExpression]) -> [BlockNode] {
        var nodes: [BlockNode] = []
        var byRows: [BlockNode] = []
        for term in terms {
            let node = node(term)
            if node.isByRows { byRows.append(node) } else { nodes.append(node) }
        }
        return nodes + byRows
    }

    /// Terms of an AND, of which ranges of one column have become one range: both ends of BETWEEN.
    private static func merged(_ nodes: [BlockNode]) -> [BlockNode] {
        var merged: [BlockNode] = []
        var integers: [Int: Int] = [:]
        var reals: [Int: Int] = [:]
        for node in nodes {
            switch node {
            case .integers(let column, let range):
                if let place = integers[column], case .integers(_, let other) = merged[place] {
                    merged[place] = .integers(column: column, range.intersection(other))
                } else {
                    integers[column] = merged.count
                    merged.append(node)
                }
            case .reals(let column, let range):
                if let place = reals[column], case .reals(_, let other) = merged[place] {
                    merged[place] = .reals(column: column, range.intersection(other))
                } else {
                    reals[column] = merged.count
                    merged.append(node)
                }
            default: merged.append(node)
            }
        }
        return merged
    }

    // MARK: Constants

    private mutating func comparison(
        _ comparison: FilterExpression.Comparison, _ a: ResolvedExpression, _ b: ResolvedExpression
    ) -> BlockNode {
        var node: BlockNode?
        if b.dependence.isConstant {
            node = self.comparison(comparison, a, constant: b)
        } else if a.dependence.isConstant {
            node = self.comparison(comparison.flipped, b, constant: a)
        }
        return node ?? rows(.comparison(comparison, a, b))
    }

    private func comparison(
        _ comparison: FilterExpression.Comparison, _ operand: ResolvedExpression,
        constant: ResolvedExpression
    ) -> BlockNode? {
        let value = evaluator.value(constant, 0)
        if let operand = NumberOperand(operand, in: table) {
            return operand.comparison(comparison, value, affinity: constant.affinity)
        }
        return TextIDOperand(operand, in: table)?.comparison(comparison, value, affinity: constant.affinity)
    }

    /// Nil where an element is no constant, or where the operand is compared in another way.
    private func list(_ operand: ResolvedExpression, _ list: [ResolvedExpression]) -> BlockNode? {
        guard list.allSatisfy(\.dependence.isConstant) else { return nil }
        let values = list.map { evaluator.value($0, 0) }
        if let operand = NumberOperand(operand, in: table) { return self.list(operand, values) }
        return TextIDOperand(operand, in: table)?.list(values)
    }

    private func list(_ operand: NumberOperand, _ values: [AttributeValue]) -> BlockNode? {
        guard !values.isEmpty else { return .constant(false) }
        var numbers: [AttributeValue] = []
        var hasNull = false
        for value in values {
            guard let converted = operand.converted(value, affinity: nil) else { return nil }
            switch converted {
            case .null: hasNull = true
            // No number equals a text.
            case .text: break
            case .integer, .real: numbers.append(converted)
            }
        }
        let node = operand.list(numbers)
        return hasNull ? .or([node, .constant(nil)]) : node
    }
}

extension FilterExpression.Comparison {
    /// The comparison with its sides exchanged.
    var flipped: FilterExpression.Comparison {
        switch self {
        case .equal, .notEqual, .same, .notSame: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }
}
