import GRDBSQLite
import Synchronization

/// Reals from texts and texts from reals, made by SQLite itself: its versions differ in the last digit.
///
/// All threads share one statement for each direction, under a lock. SQLite's heap is bounded, and the reading of a
/// catalog can fill it for a moment. A conversion waits then, since any other answer would be a wrong one.
enum SQLiteConversions {
    private static let toReal = Mutex(Conversion(sql: "SELECT CAST(? AS REAL)"))
    private static let toText = Mutex(Conversion(sql: "SELECT CAST(? AS TEXT)"))

    /// The number that is the longest possible start of the text, after white space; 0 where there is none.
    static func real(_ text: UnsafeBufferPointer<UInt8>) -> Double {
        guard let start = text.baseAddress, !text.isEmpty else { return 0 }
        return toReal.withLock { conversion in
            conversion.run { statement in
                start.withMemoryRebound(to: CChar.self, capacity: text.count) {
                    sqlite3_bind_text(statement, 1, $0, Int32(clamping: text.count), nil)
                }
            } read: {
                sqlite3_column_double($0, 0)
            }
        }
    }

    /// The text of a real, such as `0.5`, `1.0e+20` or `-Inf`.
    static func text(_ real: Double) -> [UInt8] {
        toText.withLock { conversion in
            conversion.run {
                sqlite3_bind_double($0, 1, real)
            } read: { statement in
                guard let bytes = sqlite3_column_text(statement, 0) else { return nil }
                let count = Int(clamping: sqlite3_column_bytes(statement, 0))
                return Array(UnsafeBufferPointer(start: bytes, count: count))
            }
        }
    }
}

/// A statement with one parameter and one column, in its own database in memory. It lives as long as the process.
///
/// It may change threads, one at a time: nothing outside it has its pointers.
private struct Conversion: Sendable {
    let sql: StaticString
    nonisolated(unsafe) private var database: OpaquePointer?
    nonisolated(unsafe) private var statement: OpaquePointer?

    init(sql: StaticString) { self.sql = sql }

    /// Binds a value, runs the statement and reads its row. Tries again while SQLite has no memory.
    mutating func run<Result>(
        bind: (OpaquePointer) -> Int32, read: (OpaquePointer) -> Result?
    ) -> Result {
        while true {
            if let statement {
                let isBound = bind(statement) == SQLITE_OK
                let result = isBound && sqlite3_step(statement) == SQLITE_ROW ? read(statement) : nil
                sqlite3_reset(statement)
                sqlite3_clear_bindings(statement)
                if let result { return result }
            } else if prepare() {
                continue
            }
            sqlite3_sleep(1)
        }
    }

    /// Opens the database and prepares the statement. False where SQLite has no memory.
    private mutating func prepare() -> Bool {
        if database == nil {
            let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX
            guard sqlite3_open_v2(":memory:", &database, flags, nil) == SQLITE_OK else {
                sqlite3_close_v2(database)
                database = nil
                return false
            }
        }
        return sql.withUTF8Buffer { text in
            text.withMemoryRebound(to: CChar.self) {
                sqlite3_prepare_v2(database, $0.baseAddress, Int32(clamping: $0.count), &statement, nil)
            }
        } == SQLITE_OK
    }
}
