import GRDBSQLite
import KindredDomain

/// A catalog file as SQLite itself sees it: the definition of which rows pass a filter.
final class CatalogDatabase {
    struct Refusal: Error {
        let message: String
    }

    private let handle: OpaquePointer

    init(path: String) throws(Refusal) {
        var opened: OpaquePointer?
        guard sqlite3_open(path, &opened) == SQLITE_OK, let opened else {
            throw Refusal(message: "cannot open \(path)")
        }
        handle = opened
        // Nothing is kept that a test could lose.
        sqlite3_exec(handle, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY", nil, nil, nil)
    }

    deinit { sqlite3_close_v2(handle) }

    /// The rows of a statement, whose values are as SQLite stores them.
    @discardableResult
    func run(
        _ sql: String, _ values: [AttributeValue] = [], named: [FilterParameter] = []
    ) throws(Refusal) -> [[AttributeValue]] {
        var statement: OpaquePointer?
        var text = sql
        let code = text.withUTF8 {
            $0.withMemoryRebound(to: CChar.self) {
                sqlite3_prepare_v2(handle, $0.baseAddress, Int32($0.count), &statement, nil)
            }
        }
        defer { sqlite3_finalize(statement) }
        guard code == SQLITE_OK else { throw refusal(sql) }
        for (index, value) in values.enumerated() { Self.bind(value, to: statement, Int32(index + 1)) }
        for parameter in named {
            let index = sqlite3_bind_parameter_index(statement, ":" + parameter.name)
            guard index > 0 else { throw Refusal(message: "no parameter \(parameter.name) in \(sql)") }
            Self.bind(parameter.value, to: statement, index)
        }
        var rows: [[AttributeValue]] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW:
                rows.append((0..<sqlite3_column_count(statement)).map { Self.value(statement, $0) })
            case SQLITE_DONE: return rows
            default: throw refusal(sql)
            }
        }
    }

    var lastRowID: Int64 { sqlite3_last_insert_rowid(handle) }

    private static func bind(_ value: AttributeValue, to statement: OpaquePointer?, _ index: Int32) {
        switch value {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let integer): sqlite3_bind_int64(statement, index, integer)
        case .real(let real): sqlite3_bind_double(statement, index, real)
        case .text(let bytes):
            // SQLite copies the bytes before the call ends. One byte more: an empty array has no address.
            let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            (bytes + [0]).withUnsafeBufferPointer {
                _ = $0.withMemoryRebound(to: CChar.self) {
                    sqlite3_bind_text(statement, index, $0.baseAddress, Int32(bytes.count), copies)
                }
            }
        }
    }

    private static func value(_ statement: OpaquePointer?, _ index: Int32) -> AttributeValue {
        switch sqlite3_column_type(statement, index) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, index))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, index))
        case SQLITE_TEXT:
            let bytes = sqlite3_column_text(statement, index)
            let count = Int(sqlite3_column_bytes(statement, index))
            return .text(Array(UnsafeBufferPointer(start: bytes, count: count)))
        default: return .null
        }
    }

    private func refusal(_ sql: String) -> Refusal {
        Refusal(message: "\(String(cString: sqlite3_errmsg(handle))): \(sql)")
    }
}
