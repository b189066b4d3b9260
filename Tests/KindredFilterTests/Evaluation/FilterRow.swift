import KindredDomain
import KindredFilter

/// A value with the affinity of the column that it comes from, or with none.
struct TypedValue: Sendable, Equatable {
    let value: AttributeValue
    let affinity: Affinity?

    init(_ value: AttributeValue, _ affinity: Affinity? = nil) {
        self.value = value
        self.affinity = affinity
    }
}

/// What a filter asks of a row. The functions throw for names that are not known.
protocol FilterRow {
    /// The value of a column of the row, or of the query's own item or user.
    func value(of column: FilterExpression.ColumnName) throws(FilterFailure) -> TypedValue

    /// The row's values in a table of values, and the affinity of its column.
    func values(
        of set: FilterExpression.SetName
    ) throws(FilterFailure) -> (values: [AttributeValue], affinity: Affinity?)
}
