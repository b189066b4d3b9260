import KindredDomain

/// Reads a version's catalog into typed columns.
package struct CatalogReader {
    /// The attributes of one side; nil where the catalog has no table of that name.
    ///
    /// A column whose values are all integers becomes integers; integers and reals become reals; anything else
    /// becomes text, its numbers rendered in decimal. `rowOf` gives the row of an id. It is asked for the id as a
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
        var memory = ColumnMemory(of: table, in: database)
        for kind in kinds { try memory.take(ColumnBuilder.byteCount(kind, rowCount: rowCount)) }
        var builders = zip(table.columns, kinds).map {
            ColumnBuilder(name: $0, kind: $1, rowCount: rowCount)
        }
        let names = (["id"] + table.columns).map(CatalogTable.quoted).joined(separator: ", ")
        let entries = try ImmutableDatabase.Statement(
            "SELECT \(names) FROM \(CatalogTable.quoted(table.name)) NOT INDEXED", database: database)
        var count = EntryCount(of: table, in: database)
        var seen = Bitmap(count: rowCount)
        var idsWithoutVector = 0
        while try entries.step() {
            try count.add()
            let id = try entries.value(0)
            guard let row = try row(of: id, table: table, file: file, rowOf: rowOf) else {
                idsWithoutVector += 1
                // Its values are checked all the same: whether a catalog is valid does not depend on the vectors.
                for (index, builder) in builders.enumerated() {
                    try builder.check(try entries.value(index + 1), id: id, table: table, file: file)
                }
                continue
            }
            guard Int(row) < rowCount, seen.insert(Int(row)) else {
                throw .duplicateID(file: file, table: table.name, id: id.shown)
            }
            for index in builders.indices {
                let value = try entries.value(index + 1)
                try builders[index].check(value, id: id, table: table, file: file)
                try builders[index].set(
                    Int(row), value, table: table, file: file, memory: &memory)
            }
        }
        return CatalogColumns(
            columns: builders.map { $0.finish() }, idsWithoutVector: idsWithoutVector,
            rowsWithoutEntry: rowCount - seen.population)
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
    private static func row(
        of id: ImmutableDatabase.Value, table: CatalogTable, file: String, rowOf: (ExternalID) -> UInt32?
    ) throws(CatalogFailure) -> UInt32? {
        switch id {
        case .integer(let value):
            if let number = UInt64(exactly: value), let row = rowOf(.number(number)) { return row }
            return rowOf(.text(Array(String(value).utf8)))
        case .text(let bytes):
            if let row = rowOf(.text(Array(bytes))) { return row }
            return ExternalID.plainDecimal(bytes).flatMap { rowOf(.number($0)) }
        case .null, .real, .blob:
            throw .id(file: file, table: table.name, found: id.shown, wanted: "an integer or a text")
        }
    }
}
