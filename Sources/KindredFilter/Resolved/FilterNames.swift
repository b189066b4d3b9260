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

    /// The literals, columns and parameters in the order of the text.
    private static func leaves(of expression: FilterExpression) -> [FilterExpression] {
        var found: [FilterExpression] = []
        var open = [expression]
        while let next = open.popLast() {
            let parts: [FilterExpression] =
                switch next {
                case .literal, .column, .parameter: []
                case .negative(let a), .plus(let a), .not(let a), .isNull(let a, _), .inSet(let a, _, _): [a]
                case .and(let a, let b), .or(let a, let b), .arithmetic(_, let a, let b),
                    .comparison(_, let a, let b):
                    [a, b]
                case .between(let a, let b, let c, _): [a, b, c]
                case .inList(let a, let list, _): [a] + list
                case .pattern(_, let a, let b, let c, _, _): [a, b] + (c.map { [$0] } ?? [])
                }
            if parts.isEmpty { found.append(next) }
            open.append(contentsOf: parts.reversed())
        }
        return found
    }
}
