import KindredDomain

/// The value of any expression for one row, by SQLite's rules.
///
/// Columns are evaluated in blocks where they can be (`FilterProgram`). This evaluator serves what is left, constants,
/// and each distinct text of a column.
struct RowEvaluator {
    private let table: FilterTable
    /// A column whose value is given here, whatever the row is.
    private let replaced: (column: Int, value: AttributeValue)?
    private let work: PatternWork

    /// `work` counts what patterns take.
    init(
        _ table: FilterTable, replacing replaced: (column: Int, value: AttributeValue)? = nil,
        work: PatternWork = PatternWork()
    ) {
        self.table = table
        self.work = work
        self.replaced = replaced
    }

    func value(_ expression: ResolvedExpression, _ row: Int) -> AttributeValue {
        switch expression {
        case .constant(let value, _): return value
        case .column(let index, _):
            if let replaced, replaced.column == index { return replaced.value }
            return table.value(ofColumn: index, row: row)
        case .id: return table.id(row: row)
        case .negative(let a): return value(a, row).negated
        case .plus(let a): return value(a, row)
        case .arithmetic(let operation, let a, let b):
            let (a, b) = (value(a, row), value(b, row))
            switch operation {
            case .plus: return a.adding(b)
            case .minus: return a.subtracting(b)
            case .times: return a.multiplied(by: b)
            }
        case .not, .and, .or, .comparison, .isNull, .inList, .inSet, .pattern:
            return AttributeValue(truth: truth(expression, row))
        }
    }

    /// Whether the expression holds as a condition; nil for NULL.
    func truth(_ expression: ResolvedExpression, _ row: Int) -> Bool? {
        switch expression {
        case .not(let a): return truth(a, row).map { !$0 }
        case .and(let terms):
            var result: Bool? = true
            for term in terms {
                let truth = truth(term, row)
                if truth == false { return false }
                if truth == nil { result = nil }
            }
            return result
        case .or(let terms):
            var result: Bool? = false
            for term in terms {
                let truth = truth(term, row)
                if truth == true { return true }
                if truth == nil { result = nil }
            }
            return result
        case .comparison(let comparison, let a, let b):
            let affinity = Affinity.ofComparison(a.affinity, b.affinity)
            return Self.compare(comparison, value(a, row), value(b, row), affinity: affinity)
        case .isNull(let a): return value(a, row) == .null
        case .inList(let a, let list): return isIn(a, list, row)
        case .inSet(let a, let set):
            let match = SetMatch(table.catalog.sets[set], value(a, row), affinity: a.affinity)
            return match.truth(row, table.catalog.sets[set])
        case .pattern(let a, let pattern):
            guard let pattern, let text = value(a, row).textValue else { return nil }
            return work.matches(pattern, text)
        case .constant, .column, .id, .negative, .plus, .arithmetic: return value(expression, row).truth
        }
    }

    /// The elements have no affinity, whatever they are.
    private func isIn(_ a: ResolvedExpression, _ list: [ResolvedExpression], _ row: Int) -> Bool? {
        let affinity = Affinity.ofComparison(a.affinity, nil)
        let left = value(a, row)
        var result: Bool? = false
        for element in list {
            let truth = Self.compare(.equal, left, value(element, row), affinity: affinity)
            if truth == true { return true }
            if truth == nil { result = nil }
        }
        return result
    }

    private static func compare(
        _ comparison: FilterExpression.Comparison, _ left: AttributeValue, _ right: AttributeValue,
        affinity: Affinity?
    ) -> Bool? {
        guard let order = AttributeValue.order(left, right, affinity: affinity) else {
            switch comparison {
            case .same: return left == right
            case .notSame: return left != right
            default: return nil
            }
        }
        switch comparison {
        case .equal, .same: return order == 0
        case .notEqual, .notSame: return order != 0
        case .less: return order < 0
        case .lessOrEqual: return order <= 0
        case .greater: return order > 0
        case .greaterOrEqual: return order >= 0
        }
    }
}
