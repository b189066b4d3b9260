import KindredDomain

/// A value that is looked for among those of a table of values, as `x IN (SELECT value …)` compares them.
struct SetMatch: Sendable {
    /// The value after the conversion that both sides get.
    private let wanted: AttributeValue
    private let affinity: Affinity?

    /// `affinity` is that of the value's expression. Beside an expression without one, the table's own decides.
    /// That of a column of reals then turns an integer into a real, also where it is rounded.
    init(_ set: CatalogSet, _ value: AttributeValue, affinity: Affinity?) {
        let own = Affinity(set.affinity)
        self.affinity = Affinity.ofComparison(affinity, own)
        let converted = value.converted(to: self.affinity)
        if affinity == nil, own == .real, case .integer(let integer) = converted {
            wanted = .real(Double(integer))
        } else {
            wanted = converted
        }
    }

    var isNull: Bool { wanted == .null }

    /// Whether a value of the attribute is the one that is looked for.
    func matches(_ value: AttributeValue) -> Bool {
        AttributeValue.order(value.converted(to: affinity), wanted) == 0
    }

    /// Whether a row has the value; nil where SQLite says NULL.
    func truth(_ row: Int, _ set: CatalogSet) -> Bool? {
        let codes = set.codes(ofRow: row)
        let hasNull = set.nullRows?[row] ?? false
        if codes.isEmpty, !hasNull { return false }
        if isNull { return nil }
        for code in codes where matches(set.values[Int(code)]) { return true }
        return hasNull ? nil : false
    }
}
