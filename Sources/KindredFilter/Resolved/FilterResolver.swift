import KindredDomain

/// Resolves the names of a filter: columns and tables of values of a side, bound values, columns of the seed.
struct FilterResolver {
    private let table: FilterTable
    private let seed: FilterSeed?
    private let values: [String: AttributeValue]
    private let work: PatternWork
    private let compiler: PatternCompiler

    /// The parser has checked that each value has a name of its own. `work` counts what patterns take.
    init(_ table: FilterTable, seed: FilterSeed?, parameters: [FilterParameter], work: PatternWork) {
        self.table = table
        self.seed = seed
        self.work = work
        compiler = PatternCompiler(work)
        values = Dictionary(parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    func resolve(_ expression: FilterExpression) throws(FilterFailure) -> ResolvedExpression {
        switch expression {
        case .literal(let value): return .constant(value, nil)
        case .column(let name): return try column(name)
        case .parameter(let name, let position):
            guard let value = values[name] else {
                throw FilterFailure(.missingValue(name, bound: []), at: position)
            }
            return .constant(value, nil)
        case .negative(let a): return .negative(try resolve(a))
        case .plus(let a): return .plus(try resolve(a))
        case .not(let a): return .not(try resolve(a))
        case .and, .or: return try terms(expression)
        case .arithmetic(let operation, let a, let b):
            return .arithmetic(operation, try resolve(a), try resolve(b))
        case .comparison(let comparison, let a, let b):
            return .comparison(comparison, try resolve(a), try resolve(b))
        case .isNull(let a, let isNegated): return Self.negated(.isNull(try nullable(a)), isNegated)
        case .between(let a, let least, let greatest, let isNegated):
            let a = try resolve(a)
            let both: ResolvedExpression = .and([
                .comparison(.greaterOrEqual, a, try resolve(least)),
                .comparison(.lessOrEqual, a, try resolve(greatest)),
            ])
            return Self.negated(both, isNegated)
        case .inList(let a, let list, let isNegated):
            let a = try resolve(a)
            var elements: [ResolvedExpression] = []
            for element in list { elements.append(try resolve(element)) }
            return Self.negated(.inList(a, elements), isNegated)
        case .inSet(let a, let name, let isNegated):
            return Self.negated(.inSet(try resolve(a), try Self.set(name, of: table)), isNegated)
        case .pattern(let kind, let a, let pattern, let escape, let isNegated, let position):
            let text = try resolve(a)
            let pattern = try self.pattern(kind, pattern, escape: escape, at: position)
            return Self.negated(.pattern(text, pattern), isNegated)
        }
    }

    private static func negated(_ expression: ResolvedExpression, _ isNegated: Bool) -> ResolvedExpression {
        isNegated ? .not(expression) : expression
    }

    /// The terms of a chain of AND or of OR, however it is nested.
    private func terms(_ expression: FilterExpression) throws(FilterFailure) -> ResolvedExpression {
        let isAnd = if case .and = expression { true } else { false }
        var terms: [ResolvedExpression] = []
        var open = [expression]
        while let next = open.popLast() {
            switch next {
            case .and(let a, let b) where isAnd: open += [b, a]
            case .or(let a, let b) where !isAnd: open += [b, a]
            default: terms.append(try resolve(next))
            }
        }
        return isAnd ? .and(terms) : .or(terms)
    }

    // MARK: Names

    private func column(
        _ name: FilterExpression.ColumnName, forNullsAlone: Bool = false
    ) throws(FilterFailure) -> ResolvedExpression {
        switch name.scope {
        case .row: return try Self.column(name, of: table, forNullsAlone: forNullsAlone)
        case .seed:
            let (value, affinity) = try Self.seed(name, in: seed, forNullsAlone: forNullsAlone)
            return .constant(value, affinity)
        }
    }

    /// The column of a name. `seed` is the table of `seed.` columns; nil where the query has no row of its own.
    static func column(
        _ name: FilterExpression.ColumnName, of table: FilterTable, seed: FilterTable?, forNullsAlone: Bool
    ) throws(FilterFailure) -> ResolvedExpression {
        guard name.scope == .seed else { return try column(name, of: table, forNullsAlone: forNullsAlone) }
        guard let seed else { throw FilterFailure(.seedWithoutRow, at: name.position) }
        return try column(name, of: seed, forNullsAlone: forNullsAlone)
    }

    private static func seed(
        _ name: FilterExpression.ColumnName, in seed: FilterSeed?, forNullsAlone: Bool
    ) throws(FilterFailure) -> (value: AttributeValue, affinity: Affinity?) {
        guard let seed else { throw FilterFailure(.seedWithoutRow, at: name.position) }
        let column = try Self.column(name, of: seed.table, forNullsAlone: forNullsAlone)
        guard let row = seed.row, seed.table.hasEntry(row) else { return (.null, column.affinity) }
        return (RowEvaluator(seed.table).value(column, row), column.affinity)
    }

    /// What IS NULL asks about: a column may be one whose values cannot be compared.
    private func nullable(_ expression: FilterExpression) throws(FilterFailure) -> ResolvedExpression {
        if case .column(let name) = expression { return try column(name, forNullsAlone: true) }
        return try resolve(expression)
    }

    private static func column(
        _ name: FilterExpression.ColumnName, of table: FilterTable, forNullsAlone: Bool
    ) throws(FilterFailure) -> ResolvedExpression {
        if SQLName.areEqual(name.name, "id") {
            let ids = table.catalog.ids
            try check(name, ids.declaration, .uniform, forNullsAlone)
            return .id(Affinity(ids.declaration.affinity))
        }
        let columns = table.catalog.columns
        guard let index = columns.firstIndex(where: { SQLName.areEqual($0.name, name.name) }) else {
            let isOfSeed = name.scope == .seed
            if let set = table.catalog.sets.first(where: { SQLName.areEqual($0.name, name.name) }) {
                throw FilterFailure(.setAsColumn(set.name, ofSeed: isOfSeed), at: name.position)
            }
            let prefix = isOfSeed ? "seed." : ""
            let known = NearNames.sorted(columns.map(\.name) + ["id"], near: name.name).map { prefix + $0 }
            throw FilterFailure(.unknownColumn(prefix + name.name, known: known), at: name.position)
        }
        try check(name, columns[index].declaration, columns[index].storage, forNullsAlone)
        return .column(index, Affinity(columns[index].declaration.affinity))
    }

    private static func check(
        _ name: FilterExpression.ColumnName, _ declaration: ColumnDeclaration, _ storage: ColumnStorage,
        _ forNullsAlone: Bool
    ) throws(FilterFailure) {
        guard !forNullsAlone, let reason = storage.incomparability(declaration) else { return }
        throw FilterFailure(.incomparableColumn(name.name, because: reason), at: name.position)
    }

    static func set(
        _ name: FilterExpression.SetName, of table: FilterTable
    ) throws(FilterFailure) -> Int {
        let sets = table.catalog.sets
        guard let index = sets.firstIndex(where: { SQLName.areEqual($0.name, name.name) }) else {
            let columns = table.catalog.columns.map(\.name) + ["id"]
            if let column = columns.first(where: { SQLName.areEqual($0, name.name) }) {
                throw FilterFailure(.columnAsSet(column), at: name.position)
            }
            let known = NearNames.sorted(sets.map(\.name), near: name.name)
            throw FilterFailure(.unknownSet(name.name, known: known), at: name.position)
        }
        return index
    }

    // MARK: Patterns

    /// The pattern of LIKE or GLOB; nil where it or its escape character is NULL.
    private func pattern(
        _ kind: FilterExpression.Pattern, _ pattern: FilterExpression, escape: FilterExpression?,
        at position: Int
    ) throws(FilterFailure) -> TextPattern? {
        let value = try constant(pattern, .pattern, at: position)
        let escapeValue = try escape.map { (escape) throws(FilterFailure) in
            try constant(escape, .escape, at: position)
        }
        if let escapeValue, escapeValue == .null { return nil }
        let escapeText = escapeValue?.textValue
        do throws(TextPattern.Refusal) {
            // SQLite checks the escape character of a pattern that is NULL too.
            guard let text = value.textValue else {
                try TextPattern.check([], escape: escapeText)
                return nil
            }
            return try compiler.pattern(kind, pattern, text, escape: escape, escapeText)
        } catch {
            throw FilterFailure(error.reason, at: position)
        }
    }

    /// What of LIKE or GLOB is the same for all rows.
    enum PatternPart: String {
        case pattern = "patterns"
        case escape = "escape characters"
    }

    /// The refusal of a part that is not.
    static func differing(_ part: PatternPart, at position: Int) -> FilterFailure {
        FilterFailure(
            .unsupported(
                "\(part.rawValue) that differ from row to row", wanted: "write a literal or a bound value"),
            at: position)
    }

    private func constant(
        _ expression: FilterExpression, _ what: PatternPart, at position: Int
    ) throws(FilterFailure) -> AttributeValue {
        let resolved = try resolve(expression)
        guard resolved.dependence.isConstant else { throw Self.differing(what, at: position) }
        return RowEvaluator(table, work: work).value(resolved, 0)
    }
}

extension Affinity {
    /// The affinity of a declared column.
    init(_ declared: ColumnDeclaration.Affinity) {
        self =
            switch declared {
            case .blob: .blob
            case .text: .text
            case .numeric: .numeric
            case .integer: .integer
            case .real: .real
            }
    }
}
