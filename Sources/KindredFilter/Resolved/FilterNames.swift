import KindredDomain

/// The names in a filter.
package enum FilterNames {
    /// The values of the filter's `seed.` columns, in the order of the text: together with the filter they say which
    /// rows pass. Empty where it names none. Throws as evaluating the filter does.
    package static func seedValues(
        of expression: FilterExpression, in seed: FilterSeed?
    ) throws(FilterFailure) -> [AttributeValue] {
        var values: [AttributeValue] = []
        for case .column(let name) in leaves(of: expression) where name.scope == .seed {
            values.append(try FilterResolver.seedValue(name, in: seed))
        }
        return values
    }

    /// Whether a filter names a `seed.` column.
    package static func hasSeeds(_ expression: FilterExpression) -> Bool {
        leaves(of: expression).contains { leaf in
            if case .column(let name) = leaf { name.scope == .seed } else { false }
        }
    }

    /// Checks the names of a filter before a query is known: its columns and sets are those of `table`, its `seed.`
    /// columns those of `seed`, which is nil where queries have no row of their own. Throws for the first that is
    /// refused, in the order of the text, as evaluating the filter does.
    package static func check(
        _ expression: FilterExpression, in table: FilterTable, seed: FilterTable?
    ) throws(FilterFailure) {
        try table.checkTexts()
        var open = [Check.expression(expression)]
        while let next = open.popLast() {
            switch next {
            case .column(let name, let forNullsAlone):
                _ = try FilterResolver.column(
                    name, of: table, seed: seed, forNullsAlone: forNullsAlone)
            case .set(let name): _ = try FilterResolver.set(name, of: table)
            case .constant(let expression, let what, let position):
                guard dependsOnRow(expression) else { continue }
                throw FilterResolver.differing(what, at: position)
            case .expression(let expression): open.append(contentsOf: checks(of: expression).reversed())
            }
        }
    }

    /// What is checked of an expression, in the order of the text.
    private enum Check {
        case expression(FilterExpression)
        case column(FilterExpression.ColumnName, forNullsAlone: Bool)
        case set(FilterExpression.SetName)
        /// A part that must not depend on the row.
        case constant(FilterExpression, FilterResolver.PatternPart, position: Int)
    }

    private static func checks(of expression: FilterExpression) -> [Check] {
        switch expression {
        case .column(let name): return [.column(name, forNullsAlone: false)]
        // Whether there is a value is known of any column.
        case .isNull(.column(let name), _): return [.column(name, forNullsAlone: true)]
        case .inSet(let a, let name, _): return [.expression(a), .set(name)]
        case .pattern(_, let a, let pattern, let escape, _, let position):
            var checks: [Check] = [
                .expression(a), .expression(pattern), .constant(pattern, .pattern, position: position),
            ]
            if let escape {
                checks += [.expression(escape), .constant(escape, .escape, position: position)]
            }
            return checks
        default: return parts(of: expression).map { .expression($0) }
        }
    }

    private static func dependsOnRow(_ expression: FilterExpression) -> Bool {
        var open = [expression]
        while let next = open.popLast() {
            if case .column(let name) = next, name.scope == .row { return true }
            if case .inSet = next { return true }
            open += parts(of: next)
        }
        return false
    }

    /// The literals, columns and parameters in the order of the text.
    private static func leaves(of expression: FilterExpression) -> [FilterExpression] {
        var found: [FilterExpression] = []
        var open = [expression]
        while let next = open.popLast() {
            let parts = parts(of: next)
            if parts.isEmpty { found.append(next) }
            open.append(contentsOf: parts.reversed())
        }
        return found
    }

    /// The parts of an expression in the order of the text.
    static func parts(of expression: FilterExpression) -> [FilterExpression] {
        switch expression {
        case .literal, .column, .parameter: []
        case .negative(let a), .plus(let a), .not(let a), .isNull(let a, _), .inSet(let a, _, _): [a]
        case .and(let a, let b), .or(let a, let b), .arithmetic(_, let a, let b),
            .comparison(_, let a, let b):
            [a, b]
        case .between(let a, let b, let c, _): [a, b, c]
        case .inList(let a, let list, _): [a] + list
        case .pattern(_, let a, let b, let c, _, _): [a, b] + (c.map { [$0] } ?? [])
        }
    }
}
