import KindredDomain

/// The shape of one catalog table: `items` or `users`, keyed by `id`.
struct CatalogTable {
    let side: Side
    /// All columns but `id`, in the table's order.
    let columns: [String]
    /// Of each column.
    let declarations: [ColumnDeclaration]
    let id: ColumnDeclaration

    /// The table's name.
    var name: String { side.description }

    /// Looks the table up; nil where the catalog has none of that name.
    init?(_ side: Side, in database: ImmutableDatabase) throws(CatalogFailure) {
        let file = database.path
        let table = side.description
        var columns: [String] = []
        var keys: [String] = []
        // The schema has been checked: an entry of this name is an ordinary table.
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
        var declarations: [ColumnDeclaration] = []
        for name in columns {
            guard (1...Limits.columnNameBytesMax).contains(name.utf8.count) else {
                throw .columnName(file: file, table: table, name: name)
            }
            declarations.append(try database.declaration(of: name, in: table))
        }
        id = try database.declaration(of: keys[0], in: table)
        database.expect(columnCount: columns.count)
        self.side = side
        self.columns = columns
        self.declarations = declarations
    }

    /// A name quoted for SQL.
    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
