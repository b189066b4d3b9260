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
        let schema = try ImmutableDatabase.Statement(
            "SELECT type, sql FROM sqlite_schema WHERE name = '\(table)' COLLATE NOCASE AND type IN ('table', 'view')",
            database: database)
        guard try schema.step() else { return nil }
        guard schema.text(0) == "table" else {
            throw .notATable(file: file, table: table, found: schema.text(0))
        }
        guard !schema.text(1).uppercased().hasPrefix("CREATE VIRTUAL") else {
            throw .notATable(file: file, table: table, found: "virtual table")
        }
        var columns: [String] = []
        var keys: [String] = []
        // Generated columns count; hidden ones exist in virtual tables only.
        let info = try ImmutableDatabase.Statement(
            "SELECT name, pk FROM pragma_table_xinfo('\(table)')", database: database)
        while try info.step() {
            let name = info.text(0)
            if info.integer(1) > 0 {
                keys.append(name)
            } else {
                columns.append(name)
            }
        }
        guard keys.count == 1, keys[0].lowercased() == "id" else {
            throw .primaryKey(file: file, table: table, found: keys)
        }
        guard columns.count <= Limits.catalogColumnsMax else {
            throw .tooManyColumns(file: file, table: table, found: columns.count)
        }
        for name in columns where !(1...Limits.columnNameBytesMax).contains(name.utf8.count) {
            throw .columnName(file: file, table: table, name: name)
        }
        self.side = side
        self.columns = columns
    }

    /// A name quoted for SQL.
    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
