import GRDBSQLite

/// An SQLite file that nobody writes, opened so that SQLite neither locks it nor puts a file beside it.
///
/// SQLite's own interface: GRDB opens no file as immutable, and turns texts into strings one by one. Used by one
/// thread at a time.
final class ImmutableDatabase {
    let path: String
    private var handle: OpaquePointer?

    /// Opens the file for reading. Its first page is only read by the first query.
    init(path: String) throws(CatalogFailure) {
        self.path = path
        if let size = DatabaseFileSize(path: path), !size.isWhole {
            throw .cut(file: path, byteCount: size.byteCount, pageByteCount: size.pageByteCount)
        }
        let code = sqlite3_open_v2(
            Self.address(of: path), &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nil
        )
        guard code == SQLITE_OK else {
            let failure = failure("open", code)
            sqlite3_close_v2(handle)
            handle = nil
            throw failure
        }
        // A schema from outside may call functions in views, triggers and checks: none of them may run.
        try run("PRAGMA trusted_schema = OFF")
        try run("PRAGMA cell_size_check = ON")
    }

    deinit { sqlite3_close_v2(handle) }

    /// The path as a URI that says `immutable`: no locks, no journals, no shared-memory file.
    private static func address(of path: String) -> String {
        var address = "file:"
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                address.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16)
                address += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return address + "?immutable=1&mode=ro"
    }

    /// Runs a statement without rows of interest.
    func run(_ sql: String) throws(CatalogFailure) {
        let statement = try Statement(sql, database: self)
        while try statement.step() {}
    }

    fileprivate func failure(_ operation: String, _ code: Int32) -> CatalogFailure {
        let message =
            handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
        return .sqlite(file: path, operation: operation, code: code, message: message)
    }

    /// A prepared statement and its current row.
    final class Statement {
        private let database: ImmutableDatabase
        private var handle: OpaquePointer?
        private let sql: String

        init(_ sql: String, database: ImmutableDatabase) throws(CatalogFailure) {
            self.database = database
            self.sql = sql
            let code = sqlite3_prepare_v2(database.handle, sql, -1, &handle, nil)
            guard code == SQLITE_OK else { throw database.failure("prepare \(sql)", code) }
        }

        deinit { sqlite3_finalize(handle) }

        /// Goes to the next row; false after the last.
        func step() throws(CatalogFailure) -> Bool {
            let code = sqlite3_step(handle)
            switch code {
            case SQLITE_ROW: return true
            case SQLITE_DONE: return false
            default: throw database.failure("read", code)
            }
        }

        /// The value of a column of the current row, valid until the next step.
        func value(_ column: Int) -> Value {
            let index = Int32(column)
            switch sqlite3_column_type(handle, index) {
            case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, index))
            case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, index))
            case SQLITE_TEXT:
                // The bytes before their count: asking for them may convert the text.
                let bytes = sqlite3_column_text(handle, index)
                let count = Int(sqlite3_column_bytes(handle, index))
                return .text(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count))
            case SQLITE_BLOB: return .blob(byteCount: Int(sqlite3_column_bytes(handle, index)))
            default: return .null
            }
        }

        /// The text of a column of the current row; empty where it is no text.
        func text(_ column: Int) -> String {
            guard case .text(let bytes) = value(column) else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }

        /// The integer of a column of the current row; 0 where it is none.
        func integer(_ column: Int) -> Int64 {
            guard case .integer(let value) = value(column) else { return 0 }
            return value
        }
    }

    /// A value as SQLite stores it.
    enum Value {
        case null
        case integer(Int64)
        case real(Double)
        case text(UnsafeRawBufferPointer)
        case blob(byteCount: Int)

        /// The value as it may stand in a message.
        var shown: String {
            switch self {
            case .null: "null"
            case .integer(let value): "\(value)"
            case .real(let value): "\(value)"
            case .text(let bytes): "\"\(String(decoding: bytes.prefix(80), as: UTF8.self))\""
            case .blob(let byteCount): "a blob of \(byteCount) bytes"
            }
        }
    }
}
