import KindredDomain

/// A filter's expression as a tree, with SQLite's precedence and associativity resolved.
///
/// Parentheses leave no node, as in SQLite's parser. A node that can be refused later has its position: the offset in
/// bytes of the filter's text. `FilterParser` makes trees of at most `Limits.filterDepthMax` levels: a chain of ANDs or
/// of ORs is a balanced tree.
package indirect enum FilterExpression: Sendable, Equatable {
    /// NULL, a number or a text. TRUE and FALSE are the integers 1 and 0.
    case literal(AttributeValue)
    case column(ColumnName)
    case parameter(name: String, position: Int)
    /// `-a`. Of an integer literal the parser makes a literal, so that the least integer can be written.
    case negative(FilterExpression)
    /// `+a`: the value as it is, without the affinity of a column.
    case plus(FilterExpression)
    case not(FilterExpression)
    case and(FilterExpression, FilterExpression)
    case or(FilterExpression, FilterExpression)
    case arithmetic(Arithmetic, FilterExpression, FilterExpression)
    case comparison(Comparison, FilterExpression, FilterExpression)
    case isNull(FilterExpression, isNegated: Bool)
    case between(FilterExpression, FilterExpression, FilterExpression, isNegated: Bool)
    /// `a IN (b, c)`. An empty list is allowed.
    case inList(FilterExpression, [FilterExpression], isNegated: Bool)
    /// `a IN tags`: whether the row has the value in a table of values.
    case inSet(FilterExpression, SetName, isNegated: Bool)
    /// `a LIKE b ESCAPE c` and `a GLOB b`. `position` is that of the operator.
    case pattern(
        Pattern, FilterExpression, FilterExpression, escape: FilterExpression?, isNegated: Bool, position: Int
    )

    package enum Arithmetic: Sendable, Equatable {
        case plus, minus, times
    }

    package enum Comparison: Sendable, Equatable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
        /// `IS` and `IS NOT`: as `=` and `<>`, but NULL equals NULL. `a IS TRUE` asks whether a is true, and is
        /// `(NOT NOT a) IS 1` in the tree.
        case same, notSame
    }

    package enum Pattern: Sendable, Equatable {
        case like, glob
    }

    /// A column, as it is written in the filter.
    package struct ColumnName: Sendable, Equatable {
        /// Whose value is meant.
        package enum Scope: Sendable, Equatable {
            /// The row that is judged.
            case row
            /// The query's own item or user: `seed.NAME`.
            case seed
        }

        package let scope: Scope
        /// Without quotes. SQLite compares names without regard to ASCII case.
        package let name: String
        package let position: Int

        package init(_ scope: Scope, _ name: String, at position: Int) {
            self.scope = scope
            self.name = name
            self.position = position
        }
    }

    /// A table of values, as it is written in the filter.
    package struct SetName: Sendable, Equatable {
        package let name: String
        package let position: Int

        package init(_ name: String, at position: Int) {
            self.name = name
            self.position = position
        }
    }
}
