import KindredDomain

/// Reads the tables of values of one side.
struct SetReader {
    /// Of the side's own table.
    let ids: CatalogIDs
    /// The rows with an entry in the side's own table.
    let entries: Bitmap
    let side: CatalogTable
    let database: ImmutableDatabase
    /// Whether the side's own table stores ids of each type.
    let hasIntegerIDs: Bool
    let hasTextIDs: Bool

    /// The attribute of a table. Throws for blobs, bad ids, ids that the two tables store in two types which SQLite
    /// would convert, and where the limits or the budget are exceeded.
    func read(
        _ table: SetTable, memory: inout ColumnMemory, rowOf: (ExternalID) -> UInt32?
    ) throws(CatalogFailure) -> CatalogSet {
        let file = database.path
        guard ids.declaration.isBinary else {
            throw .collation(file: file, table: side.name, column: "id", found: ids.declaration.collation)
        }
        memory.table = table.table
        var builder = try SetBuilder(table, rowCount: entries.count, file: file, memory: &memory)
        let statement = try ImmutableDatabase.Statement(
            "SELECT \"id\", \"value\" FROM \(CatalogTable.quoted(table.table)) NOT INDEXED",
            database: database)
        var count = EntryCount(of: table.table, in: database)
        while try statement.step() {
            try count.add()
            let id = try statement.value(0)
            let value = try statement.value(1)
            try AttributeRules.check(value, of: "value", id: id, table: table.table, file: file)
            let row = try CatalogReader.row(of: id, table: table.table, file: file, rowOf: rowOf)
            let isInteger = if case .integer = id { true } else { false }
            try checkType(ofID: id, isInteger: isInteger, in: table)
            guard let row, Int(row) < entries.count, entries[Int(row)],
                ids.isInteger(row: Int(row)) == isInteger
            else {
                builder.entriesWithoutRow += 1
                continue
            }
            try builder.add(row, value, memory: &memory)
        }
        return try builder.finish(memory: &memory)
    }

    /// SQLite compares the ids of the two tables. It converts a text to a number where one of the columns is for
    /// numbers, so that `07` may equal 7 of another table: refused. Ids of one type are equal where they are the same.
    private func checkType(
        ofID id: ImmutableDatabase.Value, isInteger: Bool, in table: SetTable
    ) throws(CatalogFailure) {
        let ownIsNumeric = ids.declaration.affinity.isNumeric
        let isNumeric = table.id.affinity.isNumeric
        guard ownIsNumeric != isNumeric else { return }
        let other = isInteger ? hasTextIDs && isNumeric : hasIntegerIDs && ownIsNumeric
        guard !other else {
            throw .idTypes(file: file, table: table.table, id: id.shown, side: side.name)
        }
    }

    private var file: String { database.path }
}
