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

/// Counts the entries of a table while they are read, and refuses more than the file has room for: in a damaged file,
/// a page below several others is read again and again.
struct EntryCount {
    /// Bytes of the shortest entry: two for its place, and a cell of four.
    private static let entryBytesMin = 6

    private(set) var value = 0
    private let table: String
    private let path: String
    private let byteCount: Int

    init(of table: CatalogTable, in database: ImmutableDatabase) {
        self.table = table.name
        path = database.path
        byteCount = database.byteCount
    }

    mutating func add() throws(CatalogFailure) {
        value += 1
        guard value <= byteCount / Self.entryBytesMin else {
            throw .moreEntriesThanBytes(file: path, table: table, entries: value, byteCount: byteCount)
        }
    }
}

/// Counts the memory of one table's columns before it is allocated: an allocation that fails would end the process.
struct ColumnMemory {
    private var taken = 0
    private let wanted: Int
    private let table: String
    private let path: String

    init(of table: CatalogTable, in database: ImmutableDatabase) {
        wanted = database.budget.columnBytesMax
        self.table = table.name
        path = database.path
    }

    /// Counts bytes, at least 0, that are about to be used.
    mutating func take(_ byteCount: Int) throws(CatalogFailure) {
        let (sum, overflow) = taken.addingReportingOverflow(byteCount)
        guard !overflow, sum <= wanted else {
            throw .columnsTooLarge(
                file: path, table: table, byteCount: overflow ? .max : sum, wanted: wanted)
        }
        taken = sum
    }
}
