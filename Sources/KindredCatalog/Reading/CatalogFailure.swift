import KindredDomain

/// Why a catalog was refused. `file` is the path that was given.
package enum CatalogFailure: Error, Sendable, Equatable {
    /// An error of SQLite: its code and its message.
    case sqlite(file: String, operation: String, code: Int32, message: String)
    case notADatabase(file: String)
    /// The file ends in the middle of a page.
    case cut(file: String, byteCount: Int, pageByteCount: Int)
    /// Neither `items` nor `users` is a table.
    case noTable(file: String)
    /// A pipe, a folder or a device in place of the file, or of one that SQLite opens with it.
    case notAFile(file: String, found: String)
    /// An entry of the schema that computes when it is read or written. `table` is that of a column or an index.
    case notPlain(file: String, kind: String, name: String, table: String? = nil)
    case schemaTooLarge(file: String)
    /// An entry, or a statement of the schema, beyond the bounds.
    case tooLarge(file: String)
    /// SQLite used up its heap.
    case memory(file: String)
    /// Reading was stopped early.
    case stopped(file: String, ReadStop)
    case moreEntriesThanBytes(file: String, table: String, entries: Int, byteCount: Int)
    /// The columns of a table would take more memory than the budget allows.
    case columnsTooLarge(file: String, table: String, byteCount: Int, wanted: Int)
    /// The table's primary key is not the one column `id`.
    case primaryKey(file: String, table: String, found: [String])
    case tooManyColumns(file: String, table: String, found: Int)
    case columnName(file: String, table: String, name: String)
    /// A value that is no attribute, such as a blob. `id`: of its entry.
    case value(file: String, table: String, column: String, id: String, found: String, wanted: String)
    case id(file: String, table: String, found: String, wanted: String)
    /// Two entries for one row, such as the text `7` and the number 7.
    case duplicateID(file: String, table: String, id: String)
    case dictionaryTooLarge(file: String, table: String, column: String)
    /// More tables of values of a side than the limit.
    case tooManySets(file: String, side: Side)
    /// Texts of an attribute's table that do not compare as bytes.
    case collation(file: String, table: String, column: String, found: String)
    /// An id of an attribute's table that SQLite would convert to compare it with those of `side`.
    case idTypes(file: String, table: String, id: String, side: String)
}

extension CatalogFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .sqlite(let file, let operation, let code, let message):
            "\(file): \(operation): \(message) (SQLite code \(code))"
        case .notADatabase(let file): "\(file) is not an SQLite database"
        case .cut(let file, let byteCount, let pageByteCount):
            "\(file): \(byteCount) bytes, wanted whole pages of \(pageByteCount) bytes: the file has been cut"
        case .noTable(let file):
            "\(file): no table \"items\" or \"users\", wanted at least one of them"
        case .notAFile(let file, let found):
            "\(file): \(found), wanted a file"
        case .notPlain(let file, let kind, let name, let table):
            "\(file): the schema has a \(kind) \(Self.quoted(name))"
                + (table.map { " (table \(Self.quoted($0)))" } ?? "")
                + ", wanted ordinary tables alone, whose values are stored. Make another file of what is wanted: "
                + "CREATE TABLE items(id PRIMARY KEY, ...), then INSERT INTO items SELECT ... of this one, attached"
        case .schemaTooLarge(let file):
            "\(file): the schema has more than \(Limits.catalogSchemaEntriesMax) tables and indexes, wanted at most "
                + "so many, of which the tables items and users are read"
        case .tooLarge(let file):
            "\(file): an entry has more than \(Limits.catalogEntryBytesMax) bytes, or a statement of the schema more "
                + "than \(Limits.catalogStatementBytesMax), wanted texts of at most "
                + "\(Limits.catalogTextBytesMax) bytes and numbers"
        case .memory(let file):
            "\(file): reading takes more memory than the \(Limits.databaseHeapBytesMax) bytes that SQLite has here"
        case .stopped(let file, let stop):
            "\(file): reading \(stop)"
        case .moreEntriesThanBytes(let file, let table, let entries, let byteCount):
            "\(file): \(entries) entries of \"\(table)\" or more in \(byteCount) bytes, which have no room for "
                + "them: the file is damaged"
        case .columnsTooLarge(let file, let table, let byteCount, let wanted):
            "\(file): the columns of \"\(table)\" take \(byteCount) bytes of memory or more, wanted at most "
                + "\(wanted)"
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
        case .tooManySets(let file, let side):
            "\(file): more than \(Limits.catalogSetsMax) tables \(side)_NAME(id, value), wanted at most so many"
        case .collation(let file, let table, let column, let found):
            "\(file): \"\(table)\".\"\(column)\" has the collation \(found), wanted BINARY: a table of values "
                + "compares texts as bytes"
        case .idTypes(let file, let table, let id, let side):
            "\(file): an id of \"\(table)\" is \(id), and \"\(side)\" has ids of another type, wanted the same type "
                + "for \"id\" in both tables, as in CREATE TABLE \(table)(id TEXT, value TEXT)"
        }
    }
}

extension CatalogFailure {
    /// A name from outside as messages show it: at most 80 characters, control characters escaped.
    package static func quoted(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.prefix(80))).debugDescription
            + (name.unicodeScalars.count > 80 ? "\u{2026}" : "")
    }
}
