/// Memory that the columns of one table may still take, counted before it is asked for: an array that finds none ends
/// the process.
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
