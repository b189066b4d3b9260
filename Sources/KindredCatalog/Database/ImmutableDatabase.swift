import GRDBSQLite
import Glibc
import KindredDomain

/// An SQLite catalog from outside, opened for reading with bounds on steps, time and memory. It holds plain tables
/// alone.
///
/// It uses SQLite's own interface: GRDB opens no file as immutable, and makes a string of each text. Used by one
/// thread at a time.
final class ImmutableDatabase {
    enum Access {
        /// The file never changes: SQLite neither locks it nor puts a file beside it.
        case immutable
        /// Other programs may write the file: SQLite uses its locks and its log.
        case shared
    }

    /// The path that errors name.
    let path: String
    let budget: ReadBudget
    /// Bytes of the file; with shared access, those of its write-ahead log too.
    let byteCount: Int
    private let meter = ReadMeter()
    private var handle: OpaquePointer?

    /// Opens the file for reading and checks its schema. Errors name `shownPath` where that is not nil. Throws where
    /// the schema has more than plain tables and their indexes, and where there is no regular file.
    init(
        path: String, shownAs shownPath: String? = nil, budget: ReadBudget, access: Access = .immutable
    ) throws(CatalogFailure) {
        self.path = shownPath ?? path
        self.budget = budget
        switch DatabaseFile.look(at: path) {
        case .absent(let code): throw .notAFile(file: self.path, found: String(cString: strerror(code)))
        case .other(let found): throw .notAFile(file: self.path, found: found)
        case .file(let count, let pageByteCount):
            if let pageByteCount, count % pageByteCount != 0 {
                throw .cut(file: self.path, byteCount: count, pageByteCount: pageByteCount)
            }
            byteCount =
                access == .immutable ? count : DatabaseFile.byteCountWithLog(count, path: path)
        }
        if access == .shared, let companion = DatabaseFile.irregularCompanion(of: path) {
            throw .notAFile(file: companion.path, found: companion.found)
        }
        let address = Self.address(of: path) + (access == .immutable ? "?immutable=1&mode=ro" : "?mode=ro")
        let code = sqlite3_open_v2(
            address, &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK else {
            let failure = failure("open", code)
            sqlite3_close_v2(handle)
            handle = nil
            throw failure
        }
        meter.watch(handle)
        ReadRules.bound(handle)
        ReadRules.readTablesAlone(handle)
        grant(steps: Limits.catalogSchemaStepsMax)
        // A schema from outside may call functions in views, triggers and checks: none of them may run.
        try run("PRAGMA trusted_schema = OFF")
        try run("PRAGMA cell_size_check = ON")
        do throws(CatalogFailure) {
            try PlainSchema.check(self)
        } catch {
            guard case .stopped(_, .steps) = error else { throw error }
            throw .schemaTooLarge(file: path)
        }
        grant(steps: ReadBudget.stepsMax(byteCount: byteCount))
    }

    deinit { sqlite3_close_v2(handle) }

    /// Grants the steps that a table of so many columns may take. The time limit stays.
    func expect(columnCount: Int) {
        grant(steps: ReadBudget.stepsMax(byteCount: byteCount, columnCount: columnCount))
    }

    private func grant(steps: Int) {
        meter.grant(
            steps: steps, milliseconds: ReadBudget.millisecondsMax(byteCount: byteCount), from: budget.start,
            cancellation: budget.cancellation)
    }

    /// Copies the whole database, as of one moment, into a file that must not exist.
    func copy(to target: String) throws(CatalogFailure) {
        ReadRules.allowCopying(handle)
        defer { ReadRules.readTablesAlone(handle) }
        let statement = try Statement("VACUUM INTO ?1", database: self)
        try statement.bind(target)
        while try statement.step() {}
    }

    /// The path as a URI.
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
        return address
    }

    /// The declared type and collation of a column that the schema has.
    func declaration(of column: String, in table: String) throws(CatalogFailure) -> ColumnDeclaration {
        var type: UnsafePointer<CChar>?
        var collation: UnsafePointer<CChar>?
        let code = sqlite3_table_column_metadata(
            handle, "main", table, column, &type, &collation, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure("read the columns of \(table)", code) }
        let name = type.map { String(cString: $0) } ?? ""
        let collationName = collation.map { String(cString: $0) } ?? "BINARY"
        // A STRICT table is told from another only where it matters.
        let isStrict = SQLName.areEqual(name, "ANY") ? try isStrict(table) : false
        return ColumnDeclaration(type: name, isStrict: isStrict, collation: collationName)
    }

    /// Whether the file stores texts in UTF-8.
    func isUTF8() throws(CatalogFailure) -> Bool {
        let encoding = try Statement("PRAGMA encoding", database: self)
        guard try encoding.step() else { return false }
        return try encoding.text(0) == "UTF-8"
    }

    private func isStrict(_ table: String) throws(CatalogFailure) -> Bool {
        let list = try Statement("PRAGMA main.table_list(\(CatalogTable.quoted(table)))", database: self)
        guard try list.step() else { return false }
        return try list.integer(5) != 0
    }

    /// Runs a statement and ignores its rows.
    func run(_ sql: String) throws(CatalogFailure) {
        let statement = try Statement(sql, database: self)
        while try statement.step() {}
    }

    fileprivate func failure(_ operation: String, _ code: Int32) -> CatalogFailure {
        let message =
            handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
        // An extended code has the plain one in its last byte.
        switch code & 0xFF {
        case SQLITE_INTERRUPT: if let stop = meter.stop { return .stopped(file: path, stop) }
        case SQLITE_TOOBIG: return .tooLarge(file: path)
        case SQLITE_NOMEM: return .memory(file: path)
        case SQLITE_NOTADB: return .notADatabase(file: path)
        default: break
        }
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

        /// Sets the first parameter.
        func bind(_ text: String) throws(CatalogFailure) {
            // SQLITE_TRANSIENT: SQLite copies the text.
            let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            let code = sqlite3_bind_text(handle, 1, text, -1, transient)
            guard code == SQLITE_OK else { throw database.failure("bind", code) }
        }

        /// Goes to the next row; false after the last.
        func step() throws(CatalogFailure) -> Bool {
            let code = sqlite3_step(handle)
            switch code {
            case SQLITE_ROW: return true
            case SQLITE_DONE: return false
            default: throw database.failure("read", code)
            }
        }

        /// The value of a column of the current row, valid until the next step. Throws where there is no memory to
        /// convert a text to UTF-8.
        func value(_ column: Int) throws(CatalogFailure) -> Value {
            let index = Int32(column)
            switch sqlite3_column_type(handle, index) {
            case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, index))
            case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, index))
            case SQLITE_TEXT:
                // The bytes before their count: asking for them may convert the text.
                guard let bytes = sqlite3_column_text(handle, index) else {
                    throw database.failure("read", SQLITE_NOMEM)
                }
                let count = Int(sqlite3_column_bytes(handle, index))
                return .text(UnsafeRawBufferPointer(start: bytes, count: count))
            case SQLITE_BLOB: return .blob(byteCount: Int(sqlite3_column_bytes(handle, index)))
            default: return .null
            }
        }

        /// The text of a column of the current row; empty where it is no text.
        func text(_ column: Int) throws(CatalogFailure) -> String {
            guard case .text(let bytes) = try value(column) else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }

        /// The integer of a column of the current row; 0 where it is none.
        func integer(_ column: Int) throws(CatalogFailure) -> Int64 {
            guard case .integer(let value) = try value(column) else { return 0 }
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

        /// The value as messages show it.
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
