import KindredDomain

/// A column of numbers, or `id` where all ids are integers, as one side of a comparison with a constant.
struct NumberOperand {
    private enum Source {
        case integers(column: Int)
        case reals(column: Int)
        case ids(any RowIDs, rowCount: Int)
    }

    /// Numbers of a list that are compared one by one. A longer list is searched.
    private static let comparedMax = 8

    private let source: Source
    /// Nil after a unary plus.
    private let affinity: Affinity?

    /// Nil where the expression is no such column.
    init?(_ expression: ResolvedExpression, in table: FilterTable) {
        var expression = expression
        var affinity = expression.affinity
        while case .plus(let inner) = expression {
            expression = inner
            affinity = nil
        }
        switch expression {
        case .column(let index, _):
            switch table.catalog.columns[index].values {
            case .integers: source = .integers(column: index)
            case .reals: source = .reals(column: index)
            case .text: return nil
            }
        case .id:
            guard table.catalog.ids.storage == .integers, table.rowIDs.kind == .number else { return nil }
            source = .ids(table.rowIDs, rowCount: table.rowCount)
        default: return nil
        }
        self.affinity = affinity
    }

    /// A constant as the comparison sees it; nil where the numbers are compared as texts. A text that stays one
    /// equals no number.
    func converted(_ value: AttributeValue, affinity other: Affinity?) -> AttributeValue? {
        let affinity = Affinity.ofComparison(affinity, other)
        guard affinity == .text else { return value.converted(to: affinity) }
        // The numbers of the column are converted to texts too, unless the other side is a number.
        if case .text = value { return nil }
        return value
    }

    /// The column on the left, a constant on the right.
    func comparison(
        _ comparison: FilterExpression.Comparison, _ value: AttributeValue, affinity other: Affinity?
    ) -> BlockNode? {
        guard let value = converted(value, affinity: other) else { return nil }
        if value == .null {
            switch comparison {
            case .same: return .not(present)
            case .notSame: return present
            default: return .constant(nil)
            }
        }
        switch comparison {
        case .equal: return node(.equal, value)
        case .notEqual: return .not(node(.equal, value))
        case .less: return node(.below, value)
        case .lessOrEqual: return node(.atMost, value)
        case .greater: return node(.above, value)
        case .greaterOrEqual: return node(.atLeast, value)
        case .same: return .known(node(.equal, value))
        case .notSame: return .not(.known(node(.equal, value)))
        }
    }

    /// The numbers for which a comparison with a constant other than NULL holds.
    func node(_ comparison: NumberComparison, _ value: AttributeValue) -> BlockNode {
        let isText = if case .text = value { true } else { false }
        // Every number is less than every text.
        let isAll = isText && (comparison == .below || comparison == .atMost)
        switch source {
        case .integers(let column):
            return .integers(column: column, isAll ? .all : IntegerRange(comparison, value))
        case .reals(let column): return .reals(column: column, isAll ? .all : RealRange(comparison, value))
        case .ids(let ids, let rowCount):
            let range = isAll ? .all : IntegerRange(comparison, value)
            return .ranges(Self.rows(in: range, ids, rowCount).map { [$0] } ?? [])
        }
    }

    /// Whether the number is one of a list, which may be empty. NULL where there is no number.
    func list(_ numbers: [AttributeValue]) -> BlockNode {
        switch source {
        case .integers(let column):
            let list = Self.integers(numbers)
            guard list.count <= Self.comparedMax else { return .integerList(column: column, list) }
            let nodes = list.map { BlockNode.integers(column: column, IntegerRange(.equal, .integer($0))) }
            return nodes.count > 1 ? .or(nodes) : nodes.first ?? .integers(column: column, .none)
        case .reals(let column):
            let ranges = numbers.map { RealRange(.equal, $0) }.filter { !$0.isEmpty }
            let list = Set(ranges.map(\.least)).sorted()
            guard list.count <= Self.comparedMax else { return .realList(column: column, list) }
            let nodes = list.map { BlockNode.reals(column: column, RealRange(.equal, .real($0))) }
            return nodes.count > 1 ? .or(nodes) : nodes.first ?? .reals(column: column, .none)
        case .ids(let ids, let rowCount):
            let rows = Self.integers(numbers).compactMap {
                Self.rows(in: IntegerRange(.equal, .integer($0)), ids, rowCount)
            }
            return .ranges(rows)
        }
    }

    /// The rows whose ids are in a range, which are neighbours; nil where there are none.
    private static func rows(in range: IntegerRange, _ ids: any RowIDs, _ rowCount: Int) -> Range<Int>? {
        guard !range.isEmpty else { return nil }
        func number(_ row: Int) -> Int64 {
            guard case .number(let number) = ids.id(ofRow: UInt32(row)) else { return 0 }
            return Int64(clamping: number)
        }
        let first = (0..<rowCount).partitioningIndex { number($0) >= range.least }
        let end = (first..<rowCount).partitioningIndex { number($0) > range.greatest }
        return first < end ? first..<end : nil
    }

    /// Ascending, each once.
    private static func integers(_ numbers: [AttributeValue]) -> [Int64] {
        Set(numbers.map { IntegerRange(.equal, $0) }.filter { !$0.isEmpty }.map(\.least)).sorted()
    }

    private var present: BlockNode {
        switch source {
        case .integers(let column), .reals(let column): .present(column: column)
        case .ids: .constant(true)
        }
    }
}
