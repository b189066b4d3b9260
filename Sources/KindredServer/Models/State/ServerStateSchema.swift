import GRDB
import KindredCatalog

/// The schema of a state file, exactly as the server writes it.
///
/// A file with another schema is of another program. It is refused before it is read, since a schema can hold code
/// that runs on reading.
enum ServerStateSchema {
    /// Marks the file as ours: `KNDS`.
    static let applicationID: Int64 = 0x4B4E_4453
    /// The format that this program writes and the newest it reads.
    static let formatVersion: Int64 = 2
    /// The first format that knows a default model.
    static let formatWithDefaultModel: Int64 = 2

    /// The tables, the format that added each of them, and their statements as SQLite stores them.
    static let tables: [(name: String, since: Int64, sql: String)] = [
        (
            "served_versions", 1,
            """
            CREATE TABLE served_versions (
                model TEXT NOT NULL PRIMARY KEY,
                active INTEGER CHECK (active > 0),
                previous INTEGER CHECK (previous > 0),
                pinned INTEGER CHECK (pinned > 0)
            ) STRICT, WITHOUT ROWID
            """
        ),
        (
            "default_model", formatWithDefaultModel,
            """
            CREATE TABLE default_model (
                place INTEGER NOT NULL PRIMARY KEY CHECK (place = 1),
                model TEXT NOT NULL
            ) STRICT
            """
        ),
    ]

    /// Makes the tables in an empty database and marks it.
    static func make(in database: Database) throws {
        for table in tables { try database.execute(sql: table.sql) }
        try database.execute(sql: "PRAGMA application_id = \(applicationID)")
        try database.execute(sql: "PRAGMA user_version = \(formatVersion)")
    }

    /// Makes the tables that an older format lacks. The caller writes the format.
    static func update(_ database: Database, from format: Int64) throws {
        for table in tables where table.since > format { try database.execute(sql: table.sql) }
    }

    /// Throws for the first entry of the schema that the server does not make, or else for the first table that is
    /// missing. Reads no table.
    static func check(_ database: Database, format: Int64, path: String) throws {
        var missing = tables.filter { $0.since <= max(1, format) }
        let rows = try Row.fetchCursor(database, sql: "SELECT type, name, sql FROM sqlite_schema")
        while let row = try rows.next() {
            let type = String.fromDatabaseValue(row["type"]) ?? ""
            let name = String.fromDatabaseValue(row["name"]) ?? ""
            let sql = String.fromDatabaseValue(row["sql"]) ?? ""
            let index = missing.firstIndex { table in
                type == "table" && table.name.utf8.elementsEqual(name.utf8)
                    && table.sql.utf8.elementsEqual(sql.utf8)
            }
            guard let index else {
                throw StateFailure.schema(file: path, found: "a \(type) \(CatalogFailure.quoted(name))")
            }
            missing.remove(at: index)
        }
        if let table = missing.first {
            throw StateFailure.schema(file: path, found: "no table \(CatalogFailure.quoted(table.name))")
        }
    }
}
