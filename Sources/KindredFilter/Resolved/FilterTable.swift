import KindredDomain

/// The rows that a filter judges, and the attributes that it names.
package struct FilterTable: Sendable {
    /// One slot in every column for each row.
    package let rowCount: Int
    package let catalog: CatalogColumns
    let rowIDs: any RowIDs

    package init(rowCount: Int, catalog: CatalogColumns, ids: any RowIDs) {
        self.rowCount = rowCount
        self.catalog = catalog
        rowIDs = ids
    }

    /// Throws for a catalog with texts in UTF-16, which SQLite orders by other bytes.
    func checkTexts() throws(FilterFailure) {
        guard !catalog.isUTF8 else { return }
        throw FilterFailure(
            .unsupported(
                "a filter over a catalog with texts in UTF-16",
                wanted: "a catalog that is made after PRAGMA encoding = 'UTF-8'"), at: 0)
    }

    /// Whether a row has an entry in the catalog.
    func hasEntry(_ row: Int) -> Bool { catalog.entries?[row] ?? true }

    /// The value of a column as SQLite stores it.
    func value(ofColumn index: Int, row: Int) -> AttributeValue {
        let column = catalog.columns[index]
        guard column.present[row] else { return .null }
        switch column.values {
        case .integers(let all): return .integer(all[row])
        case .reals(let all):
            if case .reals(let integers) = column.storage, integers[row] {
                return Int64(exactly: all[row]).map(AttributeValue.integer) ?? .real(all[row])
            }
            return .real(all[row])
        case .text(let codes, let dictionary): return .text(Array(dictionary[Int(codes[row])]))
        }
    }

    /// The value of `id` as SQLite stores it.
    func id(row: Int) -> AttributeValue {
        guard hasEntry(row), let id = UInt32(exactly: row).map(rowIDs.id(ofRow:)) else { return .null }
        return catalog.ids.value(row: row, id: id) ?? .null
    }
}

/// The query's own item or user, whose values `seed.` columns have.
package struct FilterSeed: Sendable {
    let table: FilterTable
    /// Nil where there is no row: all values are NULL, as those of a row without an entry.
    let row: Int?

    package init(_ table: FilterTable, row: UInt32?) {
        self.table = table
        self.row = row.map { Int($0) }
    }
}
