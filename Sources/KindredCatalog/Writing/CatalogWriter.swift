import GRDB
import KindredDomain

/// Copies somebody's SQLite file into a catalog that any number of servers can read and none can change.
package struct CatalogWriter {
    /// Copies `source` to `target`, which must not exist, and says what is in it.
    ///
    /// `VACUUM INTO` takes one consistent state, with what a write-ahead log has and the file has not; the copy
    /// keeps its journal inside a transaction (DELETE), since a file in WAL mode opened as immutable loses rows
    /// without a word. Throws where there is neither table, where a key is not `id`, where something is no plain table
    /// or takes more than `budget` allows, and where SQLite refuses.
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

    /// What a catalog holds, with the shape of its tables checked. `shownAs`: the path that errors name in place of its
    /// own, as that of which it is a copy.
    package static func summary(
        path: String, shownAs shownPath: String? = nil, budget: ReadBudget = ReadBudget()
    ) throws(CatalogFailure) -> CatalogSummary {
        let database = try ImmutableDatabase(path: path, shownAs: shownPath, budget: budget)
        var tables: [CatalogSummary.Table] = []
        for side in Side.allCases {
            guard let table = try CatalogTable(side, in: database) else { continue }
            let entries = try ImmutableDatabase.Statement(
                "SELECT 1 FROM \(CatalogTable.quoted(table.name)) NOT INDEXED", database: database)
            // One by one: counting is a single step of SQLite, which nothing can end.
            var count = EntryCount(of: table, in: database)
            while try entries.step() { try count.add() }
            tables.append(.init(side: side, columns: table.columns, count: count.value))
        }
        guard !tables.isEmpty else { throw .noTable(file: shownPath ?? path) }
        return CatalogSummary(tables: tables)
    }
}
