import KindredDomain

/// The names in a filter.
package enum FilterNames {
    /// The `seed.` columns that a filter names, each once, in the order of the text. `seed` is their table. Together
    /// with the filter, their values say which rows pass.
    package static func seedColumns(
        of expression: FilterExpression, in seed: FilterTable
    ) throws(FilterFailure) -> [SeedColumn] {
        var found: [SeedColumn] = []
        var known: Set<SeedColumn.Slot> = []
        for case .column(let name) in leaves(of: expression) where name.scope == .seed {
            let column = try FilterResolver.column(name, of: seed, seed: seed, forNullsAlone: true)
            if let slot = SeedColumn.Slot(column), known.insert(slot).inserted {
                found.append(SeedColumn(name: name, slot: slot))
            }
        }
        return found
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

/// A column of the query's own row that a filter names.
package struct SeedColumn: Sendable {
    enum Slot: Hashable {
        case id
        case column(Int)

        /// Nil for an expression that is no column.
        init?(_ expression: ResolvedExpression) {
            switch expression {
            case .id: self = .id
            case .column(let index, _): self = .column(index)
            default: return nil
            }
        }
    }

    let name: FilterExpression.ColumnName
    let slot: Slot

    /// Its value in the row of a query. Throws where the query has no row of its own.
    package func value(of seed: FilterSeed?) throws(FilterFailure) -> AttributeValue {
        guard let seed else { throw FilterFailure(.seedWithoutRow, at: name.position) }
        guard let row = seed.row, seed.table.hasEntry(row) else { return .null }
        switch slot {
        case .id: return seed.table.id(row: row)
        case .column(let index): return seed.table.value(ofColumn: index, row: row)
        }
    }
}
