import KindredDomain

/// Reads a version's catalog into typed columns.
package struct CatalogReader {
    /// The attributes of one side; nil where the catalog has no table of that name.
    ///
    /// A column whose values are all integers becomes integers; integers and reals become reals; anything else
    /// becomes text, its numbers rendered in decimal. A table `items_NAME(id, value)` or `users_NAME(id, value)`
    /// becomes a table of values. `rowOf` gives the row of an id. It is asked for the id as a
    /// number, where it is one or spells one, and as a text. Throws `CatalogFailure` for a blob, a bad id, two
    /// entries for one row, for a schema that has more than plain tables, and where the limits or the budget are
    /// exceeded. Puts no file beside the catalog. `shownAs`: the path that errors name in place of its own.
    package static func readColumns(
        path: String, shownAs shownPath: String? = nil, side: Side, rowCount: Int,
        budget: ReadBudget = ReadBudget(), rowOf: (ExternalID) -> UInt32?
    ) throws(CatalogFailure) -> CatalogColumns? {
        let database = try ImmutableDatabase(path: path, shownAs: shownPath, budget: budget)
        let file = database.path
        guard let table = try CatalogTable(side, in: database) else { return nil }
        let kinds = try kinds(of: table, in: database)
        var memory = ColumnMemory(of: table.name, in: database)
        for kind in kinds { try memory.take(ColumnBuilder.byteCount(kind, rowCount: rowCount)) }
        var builders = table.columns.indices.map {
            ColumnBuilder(
                name: table.columns[$0], kind: kinds[$0], declaration: table.declarations[$0],
                rowCount: rowCount)
        }
        let names = (["id"] + table.columns).map(CatalogTable.quoted).joined(separator: ", ")
        let statement = try ImmutableDatabase.Statement(
            "SELECT \(names) FROM \(CatalogTable.quoted(table.name)) NOT INDEXED", database: database)
        var count = EntryCount(of: table.name, in: database)
        var entries = try EntryRows(rowCount: rowCount, memory: &memory)
        var idsWithoutVector = 0
        while try statement.step() {
            try count.add()
            let id = try statement.value(0)
            let row = try row(of: id, table: table.name, file: file, rowOf: rowOf)
            if let row {
                guard Int(row) < rowCount, try entries.add(Int(row), id, memory: &memory) else {
                    throw .duplicateID(file: file, table: table.name, id: id.shown)
                }
            } else {
                entries.addWithoutRow(id)
                idsWithoutVector += 1
            }
            for index in builders.indices {
                let value = try statement.value(index + 1)
                // Without a vector too: whether a catalog is valid does not depend on the vectors.
                try AttributeRules.check(
                    value, of: table.columns[index], id: id, table: table.name, file: file)
                guard let row else { continue }
                try builders[index].set(Int(row), value, table: table, file: file, memory: &memory)
            }
        }
        let ids = CatalogIDs(table.id, storage: entries.storage)
        let reader = SetReader(
            ids: ids, entries: entries.rows, side: table, database: database,
            hasIntegerIDs: entries.hasIntegers, hasTextIDs: entries.hasTexts)
        var sets: [CatalogSet] = []
        for table in try SetTable.all(of: side, in: database) {
            sets.append(try reader.read(table, memory: &memory, rowOf: rowOf))
        }
        let rowsWithoutEntry = rowCount - entries.rows.population
        return CatalogColumns(
            columns: builders.map { $0.finish() }, idsWithoutVector: idsWithoutVector,
            rowsWithoutEntry: rowsWithoutEntry, ids: ids, entries: rowsWithoutEntry > 0 ? entries.rows : nil,
            sets: sets, isUTF8: try database.isUTF8())
    }

    /// The kind of each column, found in one pass over the table.
    private static func kinds(
        of table: CatalogTable, in database: ImmutableDatabase
    ) throws(CatalogFailure) -> [ColumnBuilder.Kind] {
        guard !table.columns.isEmpty else { return [] }
        // 0: integers or nothing, 1: a real among them, 2: a text or a blob among them.
        let widest = table.columns.map {
            "max(CASE typeof(\(CatalogTable.quoted($0))) WHEN 'text' THEN 2 WHEN 'blob' THEN 2 "
                + "WHEN 'real' THEN 1 ELSE 0 END)"
        }
        let statement = try ImmutableDatabase.Statement(
            "SELECT \(widest.joined(separator: ", ")) FROM "
                + "\(CatalogTable.quoted(table.name)) NOT INDEXED", database: database)
        guard try statement.step() else { return table.columns.map { _ in .integers } }
        var kinds: [ColumnBuilder.Kind] = []
        for index in table.columns.indices {
            switch try statement.integer(index) {
            case 0: kinds.append(.integers)
            case 1: kinds.append(.reals)
            default: kinds.append(.text)
            }
        }
        return kinds
    }

    /// The row of an entry. An integer may name a text id by its spelling, a plain decimal text a number.
    static func row(
        of id: ImmutableDatabase.Value, table: String, file: String, rowOf: (ExternalID) -> UInt32?
    ) throws(CatalogFailure) -> UInt32? {
        switch id {
        case .integer(let value):
            if let number = UInt64(exactly: value), let row = rowOf(.number(number)) { return row }
            return rowOf(.text(Array(String(value).utf8)))
        case .text(let bytes):
            if let row = rowOf(.text(Array(bytes))) { return row }
            return ExternalID.plainDecimal(bytes).flatMap { rowOf(.number($0)) }
        case .null, .real, .blob:
            throw .id(file: file, table: table, found: id.shown, wanted: "an integer or a text")
        }
    }
}
