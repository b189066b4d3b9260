/// Counts the entries of a table while they are read, and refuses more than its file has room for: pages that stand
/// below several others are read again and again.
struct EntryCount {
    /// Bytes of the shortest entry: two that say where it is, and a cell of four.
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
