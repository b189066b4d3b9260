import KindredDomain

/// A table of values in a catalog: `items_NAME(id, value)` or `users_NAME(id, value)`.
///
/// A table of such a name with other columns is no attribute, and is not read.
struct SetTable {
    /// The table's own name.
    let table: String
    /// Without `items_` or `users_`.
    let name: String
    let id: ColumnDeclaration
    let value: ColumnDeclaration

    /// The tables of one side, in ascending order of their names. Throws where there are too many, where a name is
    /// too long, and where `id` or `value` has another order of texts than by bytes.
    static func all(of side: Side, in database: ImmutableDatabase) throws(CatalogFailure) -> [SetTable] {
        var tables: [SetTable] = []
        for name in try names(of: side, in: database) {
            guard let table = try SetTable(name, prefix: prefix(of: side), in: database) else { continue }
            tables.append(table)
            guard tables.count <= Limits.catalogSetsMax else {
                throw .tooManySets(file: database.path, side: side)
            }
        }
        return tables.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private static func prefix(of side: Side) -> String { "\(side)_" }

    /// The tables that are named as a table of values of a side, whatever their columns.
    static func names(of side: Side, in database: ImmutableDatabase) throws(CatalogFailure) -> [String] {
        let prefix = prefix(of: side)
        var names: [String] = []
        let entries = try ImmutableDatabase.Statement(
            "SELECT name FROM sqlite_schema WHERE type = 'table'", database: database)
        while try entries.step() {
            let name = try entries.text(0)
            guard name.utf8.count > prefix.utf8.count,
                SQLName.areEqual(String(decoding: name.utf8.prefix(prefix.utf8.count), as: UTF8.self), prefix)
            else { continue }
            names.append(name)
        }
        return names
    }

    /// The columns of a table, in its order.
    static func columns(
        of table: String, in database: ImmutableDatabase
    ) throws(CatalogFailure) -> [String] {
        let info = try ImmutableDatabase.Statement(
            "PRAGMA main.table_info(\(CatalogTable.quoted(table)))", database: database)
        var columns: [String] = []
        while try info.step() { columns.append(try info.text(1)) }
        return columns
    }

    /// Whether columns are those of a table of values: `id` and `value`, in any order.
    static func areThose(_ columns: [String]) -> Bool {
        columns.count == 2
            && ["id", "value"].allSatisfy { name in columns.contains { SQLName.areEqual($0, name) } }
    }

    /// Nil where the table has other columns than `id` and `value`.
    private init?(
        _ table: String, prefix: String, in database: ImmutableDatabase
    ) throws(CatalogFailure) {
        let columns = try Self.columns(of: table, in: database)
        guard Self.areThose(columns), let id = columns.first(where: { SQLName.areEqual($0, "id") }),
            let value = columns.first(where: { SQLName.areEqual($0, "value") })
        else { return nil }
        self.table = table
        name = String(decoding: table.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        guard name.utf8.count <= Limits.columnNameBytesMax else {
            throw .columnName(file: database.path, table: table, name: name)
        }
        self.id = try database.declaration(of: id, in: table)
        self.value = try database.declaration(of: value, in: table)
        for (column, declaration) in [(id, self.id), (value, self.value)] where !declaration.isBinary {
            throw .collation(file: database.path, table: table, column: column, found: declaration.collation)
        }
    }
}
