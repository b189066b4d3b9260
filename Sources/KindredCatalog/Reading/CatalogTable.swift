import KindredDomain

/// The shape of one catalog table: `items` or `users`, keyed by `id`.
struct CatalogTable {
    let side: Side
    /// All columns but `id`, in the table's order.
    let columns: [String]

    /// The table's name.
    var name: String { side.description }

    /// Looks the table up; nil where the catalog has none of that name.
    init?(_ side: Side, in database: ImmutableDatabase) throws(CatalogFailure) {
        let file = database.path
        let table = side.description
        var columns: [String] = []
        var keys: [String] = []
        // The schema has been checked: if there is something of this name, it is an ordinary table.
        let info = try ImmutableDatabase.Statement("PRAGMA main.table_info(\(table))", database: database)
        var isThere = false
        while try info.step() {
            isThere = true
            let name = try info.text(1)
            if try info.integer(5) > 0 {
                keys.append(name)
            } else {
                columns.append(name)
            }
        }
        guard isThere else { return nil }
        guard keys.count == 1, keys[0].lowercased() == "id" else {
            throw .primaryKey(file: file, table: table, found: keys)
        }
        guard columns.count <= Limits.catalogColumnsMax else {
            throw .tooManyColumns(file: file, table: table, found: columns.count)
        }
        for name in columns where !(1...Limits.columnNameBytesMax).contains(name.utf8.count) {
            throw .columnName(file: file, table: table, name: name)
        }
        database.expect(columnCount: columns.count)
        self.side = side
        self.columns = columns
    }

    /// A name quoted for SQL.
    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
