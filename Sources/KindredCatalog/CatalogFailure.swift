import KindredDomain

/// Why a catalog was refused. `file` is the path that was given.
package enum CatalogFailure: Error, Sendable, Equatable {
    /// SQLite refused: its own code and words.
    case sqlite(file: String, operation: String, code: Int32, message: String)
    /// The file ends in the middle of a page.
    case cut(file: String, byteCount: Int, pageByteCount: Int)
    /// Neither `items` nor `users` is a table.
    case noTable(file: String)
    case notATable(file: String, table: String, found: String)
    /// The table's primary key is not the one column `id`.
    case primaryKey(file: String, table: String, found: [String])
    case tooManyColumns(file: String, table: String, found: Int)
    case columnName(file: String, table: String, name: String)
    /// A blob, or anything else that is no attribute. `id` is the entry it stands in.
    case value(file: String, table: String, column: String, id: String, found: String, wanted: String)
    case id(file: String, table: String, found: String, wanted: String)
    /// Two entries for one row, such as the text `7` and the number 7.
    case duplicateID(file: String, table: String, id: String)
    case dictionaryTooLarge(file: String, table: String, column: String)
}

extension CatalogFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .sqlite(let file, let operation, let code, let message):
            "\(file): \(operation): \(message) (SQLite code \(code))"
        case .cut(let file, let byteCount, let pageByteCount):
            "\(file): \(byteCount) bytes, wanted whole pages of \(pageByteCount) bytes: the file has been cut"
        case .noTable(let file):
            "\(file): no table \"items\" or \"users\", wanted at least one of them"
        case .notATable(let file, let table, let found):
            "\(file): \"\(table)\" is a \(found), wanted an ordinary table"
        case .primaryKey(let file, let table, let found):
            "\(file): the primary key of \"\(table)\" is "
                + (found.isEmpty ? "absent" : "(" + found.joined(separator: ", ") + ")") + ", wanted (id)"
        case .tooManyColumns(let file, let table, let found):
            "\(file): \"\(table)\" has \(found) columns beside id, wanted at most \(Limits.catalogColumnsMax)"
        case .columnName(let file, let table, let name):
            "\(file): a column of \"\(table)\" has a name of \(name.utf8.count) bytes, wanted 1 to "
                + "\(Limits.columnNameBytesMax)"
        case .value(let file, let table, let column, let id, let found, let wanted):
            "\(file): \"\(table)\".\"\(column)\" of id \(id) is \(found), wanted \(wanted)"
        case .id(let file, let table, let found, let wanted):
            "\(file): an id of \"\(table)\" is \(found), wanted \(wanted)"
        case .duplicateID(let file, let table, let id):
            "\(file): \"\(table)\" has two entries for id \(id), wanted one"
        case .dictionaryTooLarge(let file, let table, let column):
            "\(file): the texts of \"\(table)\".\"\(column)\" take more than "
                + "\(Limits.catalogDictionaryBytesMax) bytes"
        }
    }
}
