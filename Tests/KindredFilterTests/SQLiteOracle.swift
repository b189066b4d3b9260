import GRDBSQLite
import KindredDomain

/// A table in an SQLite database in memory: the definition of what a filter means.
final class SQLiteOracle {
    /// What SQLite says about a statement that it refuses.
    struct Refusal: Error {
        let message: String
    }

    private let database: OpaquePointer

    /// The table `rows` with an INTEGER PRIMARY KEY `id` and the columns of these declarations, such as `price REAL`.
    init(columns: [String]) throws(Refusal) {
        var opened: OpaquePointer?
        guard sqlite3_open(":memory:", &opened) == SQLITE_OK, let opened else {
            throw Refusal(message: "no database in memory")
        }
        database = opened
        let declarations = (["id INTEGER PRIMARY KEY"] + columns).joined(separator: ", ")
        _ = try run("CREATE TABLE rows (\(declarations))")
    }

    deinit { sqlite3_close_v2(database) }

    /// Adds a row. SQLite converts each value as the column's declaration says.
    func insert(id: Int64, _ values: [AttributeValue]) throws(Refusal) {
        let places = Array(repeating: "?", count: values.count + 1).joined(separator: ", ")
        _ = try run("INSERT INTO rows VALUES (\(places))", [.integer(id)] + values)
    }

    /// The ids of the rows that a filter lets through, ascending.
    func ids(where filter: Filter) throws(Refusal) -> [Int64] {
        try run("SELECT id FROM rows WHERE \(filter.text)\nORDER BY id", named: filter.parameters)
    }

    /// The same, with a table `seed` of which the first row is the query's own. Without a row, its columns are NULL.
    func ids(where filter: Filter, seedTable: String) throws(Refusal) -> [Int64] {
        let matching = "SELECT group_concat(id) FROM rows WHERE \(filter.text)\n"
        let statement = try prepare(
            "SELECT (\(matching)) FROM (SELECT 1) LEFT JOIN \(seedTable) AS seed LIMIT 1")
        defer { sqlite3_finalize(statement) }
        try bind(filter.parameters, to: statement)
        guard sqlite3_step(statement) == SQLITE_ROW else { throw refusal() }
        guard case .text(let list) = Self.value(statement, 0) else { return [] }
        return String(decoding: list, as: UTF8.self).split(separator: ",").compactMap { Int64($0) }.sorted()
    }

    /// Why SQLite's grammar has no place for a text as a condition, whatever columns there are; nil where it has one.
    ///
    /// `isWhole`: the text must be one whole expression, which is tried in parentheses too.
    func grammarRefusal(ofText text: String, isWhole: Bool) -> Refusal? {
        let grammar = ["syntax error", "unrecognized token", "incomplete input"]
        for sql in ["\(text)\nORDER BY id"] + (isWhole ? ["(\(text)\n) ORDER BY id"] : []) {
            do {
                sqlite3_finalize(try prepare("SELECT id FROM rows WHERE " + sql))
            } catch {
                // Names are looked up after the whole text is read.
                if grammar.contains(where: { error.message.contains($0) }) { return error }
            }
        }
        return nil
    }

    /// The keywords of SQLite's language.
    static var keywords: [String] {
        (0..<sqlite3_keyword_count()).compactMap { index in
            var start: UnsafePointer<CChar>?
            var count: Int32 = 0
            guard sqlite3_keyword_name(index, &start, &count) == SQLITE_OK, let start else { return nil }
            let bytes = UnsafeBufferPointer(start: start, count: Int(count)).map { UInt8(bitPattern: $0) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Runs a statement that returns no rows, such as the creation of a further table.
    func execute(_ sql: String, _ values: [AttributeValue] = []) throws(Refusal) { _ = try run(sql, values) }

    /// The values of the first column of a query with one `?`.
    func values(of query: String, _ value: AttributeValue) throws(Refusal) -> [AttributeValue] {
        let statement = try prepare(query)
        defer { sqlite3_finalize(statement) }
        Self.bind(value, to: statement, 1)
        var values: [AttributeValue] = []
        while sqlite3_step(statement) == SQLITE_ROW { values.append(Self.value(statement, 0)) }
        return values
    }

    /// The value of an expression without columns.
    func value(of expression: String, _ parameters: [FilterParameter] = []) throws(Refusal) -> AttributeValue
    {
        let statement = try prepare("SELECT \(expression)")
        defer { sqlite3_finalize(statement) }
        try bind(parameters, to: statement)
        guard sqlite3_step(statement) == SQLITE_ROW else { throw refusal() }
        return Self.value(statement, 0)
    }

    /// The values of the row `id` of the given column, as SQLite stores it.
    func stored(_ column: String, id: Int64) throws(Refusal) -> AttributeValue {
        let statement = try prepare("SELECT \(column) FROM rows WHERE id = ?")
        defer { sqlite3_finalize(statement) }
        sqlite3_bind_int64(statement, 1, id)
        guard sqlite3_step(statement) == SQLITE_ROW else { throw refusal() }
        return Self.value(statement, 0)
    }

    // MARK: Statements

    private func run(
        _ sql: String, _ values: [AttributeValue] = [], named: [FilterParameter] = []
    ) throws(Refusal) -> [Int64] {
        let statement = try prepare(sql)
        defer { sqlite3_finalize(statement) }
        for (index, value) in values.enumerated() { Self.bind(value, to: statement, Int32(index + 1)) }
        try bind(named, to: statement)
        var ids: [Int64] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: ids.append(sqlite3_column_int64(statement, 0))
            case SQLITE_DONE: return ids
            default: throw refusal()
            }
        }
    }

    private func prepare(_ sql: String) throws(Refusal) -> OpaquePointer {
        var statement: OpaquePointer?
        var text = sql
        let code = text.withUTF8 {
            $0.withMemoryRebound(to: CChar.self) {
                sqlite3_prepare_v2(database, $0.baseAddress, Int32($0.count), &statement, nil)
            }
        }
        guard code == SQLITE_OK, let statement else { throw refusal() }
        return statement
    }

    private func bind(_ parameters: [FilterParameter], to statement: OpaquePointer) throws(Refusal) {
        for parameter in parameters {
            let index = sqlite3_bind_parameter_index(statement, ":" + parameter.name)
            guard index > 0 else { throw Refusal(message: "no parameter \(parameter.name)") }
            Self.bind(parameter.value, to: statement, index)
        }
    }

    private static func bind(_ value: AttributeValue, to statement: OpaquePointer, _ index: Int32) {
        switch value {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let integer): sqlite3_bind_int64(statement, index, integer)
        case .real(let real): sqlite3_bind_double(statement, index, real)
        case .text(let bytes):
            // SQLite copies the bytes before the call ends.
            let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            bytes.withUnsafeBufferPointer {
                $0.withMemoryRebound(to: CChar.self) {
                    let empty = UnsafePointer(bitPattern: 8)! as UnsafePointer<CChar>
                    _ = sqlite3_bind_text(statement, index, $0.baseAddress ?? empty, Int32($0.count), copies)
                }
            }
        }
    }

    private static func value(_ statement: OpaquePointer, _ index: Int32) -> AttributeValue {
        switch sqlite3_column_type(statement, index) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, index))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, index))
        case SQLITE_TEXT:
            let count = Int(sqlite3_column_bytes(statement, index))
            let bytes = UnsafeBufferPointer(start: sqlite3_column_text(statement, index), count: count)
            return .text(Array(bytes))
        default: return .null
        }
    }

    private func refusal() -> Refusal { Refusal(message: String(cString: sqlite3_errmsg(database))) }
}
