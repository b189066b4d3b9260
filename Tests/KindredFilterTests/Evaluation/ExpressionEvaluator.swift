import KindredDomain
import KindredFilter

/// Judges one row by a filter's expression, as the definition says and without haste.
///
/// It goes through the whole tree, so it also meets what SQLite skips behind an AND that is false already.
struct ExpressionEvaluator {
    private let values: [String: AttributeValue]

    /// `parameters` are those of the filter. A parameter without a value is NULL, as in SQLite; the parser lets none
    /// through.
    init(_ parameters: [FilterParameter] = []) {
        values = Dictionary(parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether the row passes: true, false, or nil for NULL, which does not pass. Throws what the row throws, and for a
    /// pattern or an escape that SQLite refuses.
    func truth(
        of expression: FilterExpression, row: some FilterRow
    ) throws(FilterFailure) -> Bool? {
        try value(of: expression, row: row).value.truth
    }

    /// The value of an expression.
    func value(
        of expression: FilterExpression, row: some FilterRow
    ) throws(FilterFailure) -> TypedValue {
        switch expression {
        case .literal(let value): return TypedValue(value)
        case .column(let name): return try row.value(of: name)
        case .parameter(let name, _): return TypedValue(values[name] ?? .null)
        case .negative(let a): return TypedValue(try value(of: a, row: row).value.negated)
        case .plus(let a): return TypedValue(try value(of: a, row: row).value)
        case .arithmetic(let operation, let a, let b):
            let left = try value(of: a, row: row).value
            let right = try value(of: b, row: row).value
            switch operation {
            case .plus: return TypedValue(left.adding(right))
            case .minus: return TypedValue(left.subtracting(right))
            case .times: return TypedValue(left.multiplied(by: right))
            }
        default: return TypedValue(AttributeValue(truth: try condition(expression, row: row)))
        }
    }

    // MARK: Conditions

    private func condition(
        _ expression: FilterExpression, row: some FilterRow
    ) throws(FilterFailure) -> Bool? {
        switch expression {
        case .not(let a): return Self.not(try truth(of: a, row: row))
        case .and(let a, let b): return Self.and(try truth(of: a, row: row), try truth(of: b, row: row))
        case .or(let a, let b):
            return Self.not(
                Self.and(Self.not(try truth(of: a, row: row)), Self.not(try truth(of: b, row: row))))
        case .comparison(let comparison, let a, let b):
            return Self.compare(comparison, try value(of: a, row: row), try value(of: b, row: row))
        case .isNull(let a, let isNegated):
            return (try value(of: a, row: row).value == .null) != isNegated
        case .between(let a, let least, let greatest, let isNegated):
            let middle = try value(of: a, row: row)
            let isIn = Self.and(
                Self.compare(.greaterOrEqual, middle, try value(of: least, row: row)),
                Self.compare(.lessOrEqual, middle, try value(of: greatest, row: row)))
            return isNegated ? Self.not(isIn) : isIn
        case .inList(let a, let list, let isNegated):
            let element = try value(of: a, row: row)
            var elements: [AttributeValue] = []
            for expression in list { elements.append(try value(of: expression, row: row).value) }
            // The list has no affinity, even where it names columns.
            let isIn = Self.isElement(element, of: elements, affinity: nil)
            return isNegated ? Self.not(isIn) : isIn
        case .inSet(let a, let name, let isNegated):
            let (values, affinity) = try row.values(of: name)
            let isIn = Self.isElement(try value(of: a, row: row), of: values, affinity: affinity)
            return isNegated ? Self.not(isIn) : isIn
        case .pattern(let kind, let a, let b, let escape, let isNegated, let position):
            let text = try value(of: a, row: row)
            let pattern = try value(of: b, row: row)
            let escape = try escape.map { escape throws(FilterFailure) in try value(of: escape, row: row) }
            do {
                let matches = try Self.matches(kind, text.value, pattern.value, escape?.value)
                return isNegated ? Self.not(matches) : matches
            } catch {
                throw FilterFailure(error.reason, at: position)
            }
        case .literal, .column, .parameter, .negative, .plus, .arithmetic:
            return try truth(of: expression, row: row)
        }
    }

    /// Three-valued: nil is NULL.
    private static func not(_ a: Bool?) -> Bool? { a.map { !$0 } }

    private static func and(_ a: Bool?, _ b: Bool?) -> Bool? {
        if a == false || b == false { return false }
        return a == nil || b == nil ? nil : true
    }

    private static func compare(
        _ comparison: FilterExpression.Comparison, _ left: TypedValue, _ right: TypedValue
    ) -> Bool? {
        let affinity = Affinity.ofComparison(left.affinity, right.affinity)
        let order = AttributeValue.order(left.value, right.value, affinity: affinity)
        switch comparison {
        case .equal: return order.map { $0 == 0 }
        case .notEqual: return order.map { $0 != 0 }
        case .less: return order.map { $0 < 0 }
        case .lessOrEqual: return order.map { $0 <= 0 }
        case .greater: return order.map { $0 > 0 }
        case .greaterOrEqual: return order.map { $0 >= 0 }
        case .same: return order.map { $0 == 0 } ?? (left.value == right.value)
        case .notSame: return order.map { $0 != 0 } ?? (left.value != right.value)
        }
    }

    /// Whether a text matches a pattern, nil where one of the values is NULL. `escape` is nil where there is none.
    private static func matches(
        _ kind: FilterExpression.Pattern, _ text: AttributeValue, _ pattern: AttributeValue,
        _ escape: AttributeValue?
    ) throws(TextPattern.Refusal) -> Bool? {
        if escape == .null { return nil }
        // SQLite checks a pattern and an escape before it looks for NULL.
        let bytes = pattern.textValue ?? []
        let compiled =
            switch kind {
            case .like: try TextPattern(like: bytes, escape: escape?.textValue)
            case .glob: try TextPattern(glob: bytes)
            }
        guard let text = text.textValue, pattern != .null else { return nil }
        return compiled.matches(text)
    }

    /// Whether a value is one of others. NULL where it is NULL or could be a NULL among them; no value is one of none.
    private static func isElement(
        _ element: TypedValue, of values: [AttributeValue], affinity: Affinity?
    ) -> Bool? {
        let affinity = Affinity.ofComparison(element.affinity, affinity)
        var isUnknown = false
        for value in values {
            switch AttributeValue.order(element.value, value, affinity: affinity) {
            case 0?: return true
            case nil: isUnknown = true
            default: continue
            }
        }
        return isUnknown ? nil : false
    }
}
