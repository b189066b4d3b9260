import KindredDomain

/// Accepts a schema of ordinary tables and of indexes over their columns alone: none of it runs while tables are
/// read.
///
/// Checks and defaults of a table are allowed: SQLite runs checks only when it writes, and the default of a column
/// that was added later is a constant.
enum PlainSchema {
    /// Throws for the first entry of another kind, with its name.
    static func check(_ database: ImmutableDatabase) throws(CatalogFailure) {
        var tables: [String] = []
        var indexes: [(name: String, table: String)] = []
        var count = 0
        let entries = try ImmutableDatabase.Statement(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema", database: database)
        while try entries.step() {
            count += 1
            guard count <= Limits.catalogSchemaEntriesMax else { throw .schemaTooLarge(file: database.path) }
            let (type, name, sql) = (try entries.text(0), try entries.text(1), try entries.text(3))
            switch (type, firstWords(of: sql)) {
            case ("table", ["CREATE", "TABLE"]): tables.append(name)
            // An index that a key needs has no statement.
            case ("index", []), ("index", ["CREATE", "INDEX"]), ("index", ["CREATE", "UNIQUE"]):
                indexes.append((name, try entries.text(2)))
            case ("table", ["CREATE", "VIRTUAL"]):
                throw .notPlain(file: database.path, kind: "virtual table", name: name)
            default:
                throw .notPlain(file: database.path, kind: type, name: name)
            }
        }
        for table in tables { try checkColumns(of: table, in: database) }
        for index in indexes { try check(index.name, of: index.table, in: database) }
    }

    /// Throws for a column whose values are computed.
    private static func checkColumns(
        of table: String, in database: ImmutableDatabase
    ) throws(CatalogFailure) {
        let columns = try ImmutableDatabase.Statement(
            "PRAGMA main.table_xinfo(\(CatalogTable.quoted(table)))", database: database)
        while try columns.step() {
            // 0: a column as any; 1: hidden, in a virtual table; 2 and 3: generated.
            guard try columns.integer(6) == 0 else {
                throw .notPlain(
                    file: database.path, kind: "generated column", name: try columns.text(1), table: table)
            }
        }
    }

    /// Throws for an index over an expression, and for a partial index.
    private static func check(
        _ index: String, of table: String, in database: ImmutableDatabase
    ) throws(CatalogFailure) {
        let parts = try ImmutableDatabase.Statement(
            "PRAGMA main.index_xinfo(\(CatalogTable.quoted(index)))", database: database)
        while try parts.step() {
            // -1 is the row's own number, -2 an expression.
            guard try parts.integer(1) >= -1 else {
                throw .notPlain(
                    file: database.path, kind: "index over an expression", name: index, table: table)
            }
        }
        let indexes = try ImmutableDatabase.Statement(
            "PRAGMA main.index_list(\(CatalogTable.quoted(table)))", database: database)
        while try indexes.step() {
            let isPartial = try indexes.integer(4) != 0
            guard isPartial, try indexes.text(1).lowercased() == index.lowercased() else { continue }
            throw .notPlain(file: database.path, kind: "partial index", name: index, table: table)
        }
    }

    /// The first two words of a statement in capitals, comments left out; fewer where it has fewer.
    static func firstWords(of sql: String) -> [String] {
        var words: [String] = []
        var rest = Substring(sql).utf8
        while words.count < 2, let byte = rest.first {
            if rest.starts(with: "--".utf8) {
                rest = rest.drop { $0 != UInt8(ascii: "\n") }
            } else if rest.starts(with: "/*".utf8) {
                rest = rest.dropFirst(2)
                while !rest.isEmpty, !rest.starts(with: "*/".utf8) { rest = rest.dropFirst() }
                rest = rest.dropFirst(2)
            } else if isLetter(byte) {
                words.append(String(decoding: rest.prefix(while: isLetter), as: UTF8.self).uppercased())
                rest = rest.drop(while: isLetter)
            } else if [0x20, 0x09, 0x0A, 0x0C, 0x0D].contains(byte) {
                rest = rest.dropFirst()
            } else {
                return words + ["?"]
            }
        }
        return words
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }
}
