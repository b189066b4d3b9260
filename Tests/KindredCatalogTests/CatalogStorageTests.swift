import Foundation
import KindredCatalog
import KindredDomain
import Testing

/// What the loader keeps so that filters mean what SQLite means.
@Suite struct CatalogStorageTests {
    private let folder: CatalogFolder

    init() throws { folder = try CatalogFolder() }

    private func read(_ sql: String, ids: [ExternalID] = [1, 2, 3]) throws -> CatalogColumns {
        let path = try folder.database("\(UUID().uuidString).sqlite", sql)
        return try #require(
            try CatalogReader.readColumns(path: path, side: .items, rowCount: ids.count) { id in
                ids.firstIndex(of: id).map(UInt32.init)
            })
    }

    /// SQLite itself shows an affinity in what it makes of the text `5.0`, and of the integer 5.
    @Test(arguments: [
        "", "INT", "integer", "BIGINT UNSIGNED", "CHARINT", "FLOATING POINT", "TEXT", "VARCHAR(255)", "clob",
        "BLOB",
        "REAL", "double precision", "FLOAT", "NUMERIC", "DECIMAL(10,5)", "DATE", "ANY", "STRING", "BLOBREAL",
        "REALBLOB",
        "XFLOATX", "NVARCHAR",
    ]) func affinities(_ type: String) throws {
        let sql = """
            CREATE TABLE items(id INTEGER PRIMARY KEY, c \(type), text, integer);
            INSERT INTO items VALUES (1, '5.0', NULL, NULL), (2, 5, NULL, NULL);
            UPDATE items SET text = (SELECT typeof(c) FROM items WHERE id = 1);
            UPDATE items SET integer = (SELECT typeof(c) FROM items WHERE id = 2);
            """
        let columns = try read(sql)
        let found = try #require(columns.column(named: "c")).declaration
        func text(_ name: String) throws -> String {
            guard case .text(let list) = try #require(columns.column(named: name)).gather([0]).values else {
                return ""
            }
            return list.strings[0]
        }
        let stored = [try text("text"), try text("integer")]
        let wanted: [ColumnDeclaration.Affinity] =
            switch stored {
            case ["text", "integer"]: [.blob]
            case ["text", "text"]: [.text]
            case ["real", "real"]: [.real]
            case ["integer", "integer"]: [.integer, .numeric]
            default: []
            }
        #expect(wanted.contains(found.affinity), "\(type): \(found), SQLite stores \(stored)")
        #expect(found.isBinary)
    }

    @Test func strictTablesConvertNothingForAny() throws {
        let strict = try read("CREATE TABLE items(id INTEGER PRIMARY KEY, a ANY, b TEXT) STRICT;")
        #expect(strict.columns.map(\.declaration.affinity) == [.blob, .text])
        let plain = try read("CREATE TABLE items(id INTEGER PRIMARY KEY, a ANY, b TEXT COLLATE RTRIM);")
        #expect(plain.columns.map(\.declaration.affinity) == [.numeric, .text])
        #expect(plain.columns.map(\.declaration.isBinary) == [true, false])
        #expect(plain.ids == CatalogIDs(ColumnDeclaration(.integer), storage: .integers))
    }

    @Test(arguments: ["UTF-8", "UTF-16le", "UTF-16be"])
    func encodings(_ encoding: String) throws {
        let columns = try read(
            """
            PRAGMA encoding = '\(encoding)'; CREATE TABLE items(id INTEGER PRIMARY KEY, t);
            INSERT INTO items VALUES (1, 'é');
            """)
        #expect(columns.isUTF8 == (encoding == "UTF-8"))
        #expect(columns.column(named: "t")?.gather([0]).values == .text(TextList(["é"])))
    }

    @Test func mixedColumns() throws {
        let columns = try read(
            """
            CREATE TABLE items(id INTEGER PRIMARY KEY, exact NUMERIC, inexact, texts, one REAL, absent);
            INSERT INTO items VALUES
                (1, 1.5, 0.5, 'a', 1, NULL), (2, 2, 9007199254740993, 5, 2, NULL), (3, NULL, 1, NULL, 3, NULL);
            """)
        var integers = Bitmap(count: 3)
        integers[1] = true
        #expect(columns.column(named: "exact")?.storage == .reals(integers: integers))
        #expect(
            columns.column(named: "inexact")?.storage
                == .unknown("it has 9007199254740993 among its reals, which no real of 64 bits equals"))
        #expect(columns.column(named: "texts")?.storage == .unknown("it has numbers among its texts"))
        // SQLite stores reals there, whatever was written.
        #expect(columns.column(named: "one")?.storage == .uniform)
        #expect(columns.column(named: "absent")?.storage == .uniform)
        // A number that only an entry without a vector has does not matter.
        let elsewhere = try read(
            "CREATE TABLE items(id INTEGER PRIMARY KEY, t); INSERT INTO items VALUES (1, 'a'), (99, 5);")
        #expect(elsewhere.column(named: "t")?.storage == .uniform)
    }

    @Test func entriesAndIDs() throws {
        let mixed = try read(
            "CREATE TABLE items(id PRIMARY KEY, n); INSERT INTO items VALUES ('3', 1), (1, 2), ('x', 3);")
        #expect(mixed.rowsWithoutEntry == 1 && mixed.idsWithoutVector == 1)
        #expect((0..<3).map { mixed.entries?[$0] } == [true, false, true])
        var integers = Bitmap(count: 3)
        integers[0] = true
        #expect(mixed.ids == CatalogIDs(ColumnDeclaration(.blob), storage: .mixed(integers: integers)))
        #expect(
            mixed.ids.value(row: 0, id: 1) == .integer(1) && mixed.ids.value(row: 2, id: 3) == .text([0x33]))
        #expect(mixed.ids.value(row: 0, id: "1") == .integer(1))
        let integersFirst = try read(
            "CREATE TABLE items(id PRIMARY KEY, n); INSERT INTO items VALUES (1, 1), ('2', 2), (3, 3);")
        integers[2] = true
        #expect(integersFirst.ids.storage == .mixed(integers: integers))
        #expect(integersFirst.entries == nil, "every row has an entry")
        // Entries without a vector are of both types, rows of one.
        let elsewhere = try read(
            "CREATE TABLE items(id PRIMARY KEY, n); INSERT INTO items VALUES (1, 1), ('x', 2), (99, 3), (2, 4);"
        )
        #expect(elsewhere.ids.storage == .integers)
        let texts = try read("CREATE TABLE items(id TEXT PRIMARY KEY, n); INSERT INTO items VALUES (1, 1);")
        #expect(texts.ids == CatalogIDs(ColumnDeclaration(.text), storage: .texts))
    }
}
