import KindredDomain

/// `id` as one side of a comparison with a constant, where all ids are texts: rows are in the order of their ids, so
/// that those for which the comparison holds are neighbours.
struct TextIDOperand {
    private let ids: any RowIDs
    private let rowCount: Int
    /// Nil after a unary plus.
    private let affinity: Affinity?

    /// Nil where the expression is not `id`, or where ids are not texts in model and catalog.
    init?(_ expression: ResolvedExpression, in table: FilterTable) {
        var expression = expression
        var affinity = expression.affinity
        while case .plus(let inner) = expression {
            expression = inner
            affinity = nil
        }
        guard case .id = expression, table.catalog.ids.storage == .texts, table.rowIDs.kind == .text else {
            return nil
        }
        ids = table.rowIDs
        rowCount = table.rowCount
        self.affinity = affinity
    }

    /// `id` on the left, a constant on the right. Nil where the ids are converted to numbers.
    func comparison(
        _ comparison: FilterExpression.Comparison, _ value: AttributeValue, affinity other: Affinity?
    ) -> BlockNode? {
        let affinity = Affinity.ofComparison(affinity, other)
        guard affinity != .numeric else { return nil }
        // Of a row with an entry, the id is not NULL.
        if value == .null {
            switch comparison {
            case .same: return .constant(false)
            case .notSame: return .constant(true)
            default: return .constant(nil)
            }
        }
        let equal = rows(equalTo: value.converted(to: affinity))
        switch comparison {
        case .equal, .same: return Self.node([equal])
        case .notEqual, .notSame: return Self.node([0..<equal.lowerBound, equal.upperBound..<rowCount])
        case .less: return Self.node([0..<equal.lowerBound])
        case .lessOrEqual: return Self.node([0..<equal.upperBound])
        case .greater: return Self.node([equal.upperBound..<rowCount])
        case .greaterOrEqual: return Self.node([equal.lowerBound..<rowCount])
        }
    }

    /// Whether the id is one of a list. Nil where the ids are converted to numbers.
    func list(_ values: [AttributeValue]) -> BlockNode? {
        let affinity = Affinity.ofComparison(affinity, nil)
        guard affinity != .numeric else { return nil }
        guard !values.isEmpty else { return .constant(false) }
        let ranges = values.filter { $0 != .null }.map { rows(equalTo: $0.converted(to: affinity)) }
        let matches = Set(ranges.filter { !$0.isEmpty }.map(\.lowerBound))
        let node = Self.node(matches.sorted().map { $0..<$0 + 1 })
        return values.contains(.null) ? .or([node, .constant(nil)]) : node
    }

    /// The rows whose id equals a value: at most one. Where it is empty, it lies between those with a lesser id and
    /// those with a greater one.
    private func rows(equalTo value: AttributeValue) -> Range<Int> {
        // Every number is less than every text.
        guard case .text(let text) = value else { return 0..<0 }
        func order(_ row: Int) -> Int {
            guard case .text(let id) = ids.id(ofRow: UInt32(row)) else { return 0 }
            return AttributeValue.order(id, text)
        }
        let first = (0..<rowCount).partitioningIndex { order($0) >= 0 }
        return first < rowCount && order(first) == 0 ? first..<first + 1 : first..<first
    }

    private static func node(_ ranges: [Range<Int>]) -> BlockNode { .ranges(ranges.filter { !$0.isEmpty }) }
}
