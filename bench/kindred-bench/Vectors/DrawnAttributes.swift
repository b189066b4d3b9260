import Foundation
import GRDBSQLite
import KindredDomain
import KindredSystem

/// Writes what the rules need beside vectors: a catalog of drawn attributes, and the items that drawn users have seen.
struct DrawnAttributes {
    /// Items that each user has seen.
    private static let seenCount = RulesModel.seenCount
    private static let seed: UInt64 = 33

    let rows: Int
    let userCount: Int

    /// Writes the catalog. Returns the columns of each side.
    func writeCatalog(to path: String) throws -> [Side: [String]] {
        let attributes = RuleAttributes(rows: rows)
        var database: OpaquePointer?
        defer { sqlite3_close(database) }
        try check(sqlite3_open(path, &database), database, "open \(path)")
        try run(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;
            CREATE TABLE items (id INTEGER PRIMARY KEY, share INTEGER, price REAL, season INTEGER, stock INTEGER,
                brand TEXT, maker TEXT, sold INTEGER);
            """, database)
        var insert: OpaquePointer?
        defer { sqlite3_finalize(insert) }
        let sql = "INSERT INTO items VALUES (?, ?, ?, ?, ?, 'brand ' || ?, 'brand ' || ?, ?)"
        try check(sqlite3_prepare_v2(database, sql, -1, &insert, nil), database, sql)
        for row in 0..<rows {
            sqlite3_bind_int64(insert, 1, Int64(row))
            sqlite3_bind_int64(insert, 2, attributes.share[row])
            sqlite3_bind_double(insert, 3, attributes.price[row])
            sqlite3_bind_int64(insert, 4, attributes.season[row])
            sqlite3_bind_int64(insert, 5, attributes.stock[row])
            sqlite3_bind_int64(insert, 6, Int64(attributes.brand[row]))
            sqlite3_bind_int64(insert, 7, Int64(attributes.maker[row]))
            sqlite3_bind_int64(insert, 8, attributes.sold[row])
            guard sqlite3_step(insert) == SQLITE_DONE else {
                throw BenchFailure.catalogNotWritten(
                    what: "row \(row)", reason: String(cString: sqlite3_errmsg(database)))
            }
            sqlite3_reset(insert)
        }
        try run("COMMIT", database)
        return [.items: ["share", "price", "season", "stock", "brand", "maker", "sold"]]
    }

    private func run(_ sql: String, _ database: OpaquePointer?) throws {
        try check(sqlite3_exec(database, sql, nil, nil, nil), database, sql)
    }

    private func check(_ status: Int32, _ database: OpaquePointer?, _ what: String) throws {
        guard status == SQLITE_OK else {
            throw BenchFailure.catalogNotWritten(
                what: what, reason: String(cString: sqlite3_errmsg(database)))
        }
    }

    /// Writes pairs of a user and an item, one for each line.
    func writeSeen(to path: String) throws {
        var source = RandomSource(seed: Self.seed)
        var text = ""
        for user in 0..<userCount {
            var items: Set<UInt64> = []
            while items.count < min(Self.seenCount, rows / 2) { items.insert(source.next() % UInt64(rows)) }
            for item in items.sorted() { text += "\(user)\t\(item)\n" }
        }
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }
}
