import KindredDomain
import KindredFilter

/// The SQL that means what a filter's expression means, for a table `items` with its tables of
/// values. Columns of the seed are read from its row.
struct FilterSQL {
    /// The `rowid` of the seed's entry; nil where it has none.
    var seedRowID: Int64?
    /// True: the text in the language of filters, in which SQLite needs other words for the seed and for sets.
    var isFilter = false

    func text(_ expression: FilterExpression) -> String {
        switch expression {
        case .literal(let value): literal(value)
        case .column(let name):
            switch name.scope {
            case _ where isFilter: (name.scope == .seed ? "seed." : "") + "\"\(name.name)\""
            case .row: "items.\"\(name.name)\""
            case .seed:
                "(SELECT s.\"\(name.name)\" FROM items AS s WHERE s.rowid = \(seedRowID ?? -999_999_999))"
            }
        case .parameter(let name, _): ":\(name)"
        case .negative(let a): "(-(\(text(a))))"
        case .plus(let a): "(+(\(text(a))))"
        case .not(let a): "(NOT (\(text(a))))"
        case .and(let a, let b): "((\(text(a))) AND (\(text(b))))"
        case .or(let a, let b): "((\(text(a))) OR (\(text(b))))"
        case .arithmetic(let operation, let a, let b): "((\(text(a))) \(sign(operation)) (\(text(b))))"
        case .comparison(let comparison, let a, let b): "((\(text(a))) \(sign(comparison)) (\(text(b))))"
        case .isNull(let a, let isNegated): "((\(text(a))) IS \(isNegated ? "NOT " : "")NULL)"
        case .between(let a, let b, let c, let isNegated):
            "((\(text(a))) \(not(isNegated))BETWEEN (\(text(b))) AND (\(text(c))))"
        // SQLite takes `a IN ()` for the word FALSE, of which `b IS FALSE` means something else than `b IS 0`.
        case .inList(let a, let list, let isNegated) where list.isEmpty:
            "(0 + ((\(text(a))) \(not(isNegated))IN ()))"
        case .inList(let a, let list, let isNegated):
            "((\(text(a))) \(not(isNegated))IN (\(list.map { text($0) }.joined(separator: ", "))))"
        case .inSet(let a, let name, let isNegated) where isFilter:
            "((\(text(a))) \(not(isNegated))IN \(name.name))"
        case .inSet(let a, let name, let isNegated):
            "((\(text(a))) \(not(isNegated))IN (SELECT value FROM items_\(name.name) AS v WHERE v.id = items.id))"
        case .pattern(let pattern, let a, let b, let escape, let isNegated, _):
            "((\(text(a))) \(not(isNegated))\(pattern == .like ? "LIKE" : "GLOB") (\(text(b)))"
                + (escape.map { " ESCAPE (\(text($0)))" } ?? "") + ")"
        }
    }

    private func not(_ isNegated: Bool) -> String { isNegated ? "NOT " : "" }

    private func literal(_ value: AttributeValue) -> String {
        switch value {
        case .null: "NULL"
        case .integer(let integer): "\(integer)"
        case .real(let real): real.isInfinite ? (real > 0 ? "9e999" : "-9e999") : "\(real)"
        case .text(let bytes):
            "'"
                + String(decoding: bytes, as: UTF8.self).split(
                    separator: "'", omittingEmptySubsequences: false
                )
                .joined(separator: "''") + "'"
        }
    }

    private func sign(_ operation: FilterExpression.Arithmetic) -> String {
        switch operation {
        case .plus: "+"
        case .minus: "-"
        case .times: "*"
        }
    }

    private func sign(_ comparison: FilterExpression.Comparison) -> String {
        switch comparison {
        case .equal: "="
        case .notEqual: "<>"
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        case .same: "IS"
        case .notSame: "IS NOT"
        }
    }
}
