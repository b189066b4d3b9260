import KindredDomain

/// Counts the entries of a table while they are read, and refuses more than the file has room for: in a damaged file,
/// a page below several others is read again and again.
struct EntryCount {
    /// Bytes of the shortest entry: two for its place, and a cell of four.
    private static let entryBytesMin = 6

    private(set) var value = 0
    private let table: String
    private let path: String
    private let byteCount: Int

    init(of table: String, in database: ImmutableDatabase) {
        self.table = table
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

/// Counts the memory of one side's columns and tables of values before it is allocated: an allocation that
/// fails would end the process.
struct ColumnMemory {
    private var taken = 0
    private let wanted: Int
    /// The table that is read, for errors.
    var table: String
    private let path: String

    init(of table: String, in database: ImmutableDatabase) {
        wanted = database.budget.columnBytesMax
        self.table = table
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
