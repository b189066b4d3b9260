import GRDB
import KindredDomain

/// Copies an SQLite file into a catalog that any number of servers read and none changes.
package struct CatalogWriter {
    /// Copies `source` to `target`, which must not exist, and returns its tables.
    ///
    /// `VACUUM INTO` copies one consistent state, rows of a write-ahead log included. The copy has the journal mode
    /// DELETE, since a file in WAL mode that is opened as immutable loses rows silently. Throws where the source has
    /// neither table, where a key is not `id`, where the schema has more than plain tables, where reading takes more
    /// than `budget` allows, and for errors of SQLite.
    package static func copy(
        from source: String, to target: String, budget: ReadBudget = ReadBudget()
    ) throws(CatalogFailure) -> CatalogSummary {
        try ImmutableDatabase(path: source, budget: budget, access: .shared).copy(to: target)
        do {
            let copy = try DatabaseQueue(path: target)
            try copy.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA journal_mode = DELETE")
            }
            try copy.close()
        } catch let error as DatabaseError {
            throw .sqlite(
                file: source, operation: "copy", code: error.extendedResultCode.rawValue,
                message: error.message ?? "no message")
        } catch {
            throw .sqlite(file: source, operation: "copy", code: 1, message: "\(error)")
        }
        return try summary(path: target, shownAs: source, budget: budget)
    }

    /// The tables of a catalog, whose shape is checked. `shownAs`: the path that errors name, where the file is a copy
    /// of another.
    package static func summary(
        path: String, shownAs shownPath: String? = nil, budget: ReadBudget = ReadBudget()
    ) throws(CatalogFailure) -> CatalogSummary {
        let database = try ImmutableDatabase(path: path, shownAs: shownPath, budget: budget)
        var tables: [CatalogSummary.Table] = []
        for side in Side.allCases {
            guard let table = try CatalogTable(side, in: database) else { continue }
            let entries = try ImmutableDatabase.Statement(
                "SELECT 1 FROM \(CatalogTable.quoted(table.name)) NOT INDEXED", database: database)
            // One by one: `count(*)` is a single step of SQLite, which cannot be stopped.
            var count = EntryCount(of: table.name, in: database)
            while try entries.step() { try count.add() }
            tables.append(.init(side: side, columns: table.columns, count: count.value))
        }
        guard !tables.isEmpty else { throw .noTable(file: shownPath ?? path) }
        return CatalogSummary(tables: tables)
    }
}

/// The tables of a catalog.
package struct CatalogSummary: Sendable, Equatable {
    /// One table.
    package struct Table: Sendable, Equatable {
        package let side: Side
        /// Without `id`, in the table's order.
        package let columns: [String]
        /// Rows of the table.
        package let count: Int

        package init(side: Side, columns: [String], count: Int) {
            self.side = side
            self.columns = columns
            self.count = count
        }
    }

    /// At least one.
    package let tables: [Table]

    package init(tables: [Table]) { self.tables = tables }

    /// The columns of each side that has a table.
    package var columns: [Side: [String]] {
        Dictionary(tables.map { ($0.side, $0.columns) }, uniquingKeysWith: { first, _ in first })
    }
}
