import Foundation
import KindredCatalog
import KindredDomain
import Testing

@Suite struct CatalogReaderTests {
    private let folder: CatalogFolder

    init() throws { folder = try CatalogFolder() }

    /// Reads the items of a catalog made by the statements, for the given ids in row order.
    private func read(_ sql: String, ids: [ExternalID]) throws -> CatalogColumns? {
        let path = try folder.database("\(UUID().uuidString).sqlite", sql)
        return try CatalogReader.readColumns(path: path, side: .items, rowCount: ids.count) { id in
            ids.firstIndex(of: id).map(UInt32.init)
        }
    }

    private func values(_ columns: CatalogColumns?, _ name: String) -> ResultColumn? {
        let column = columns?.column(named: name)
        return column?.gather(Array(0..<UInt32(column?.present.count ?? 0)))
    }

    @Test func typesComeFromTheValues() throws {
        let columns = try read(
            """
            CREATE TABLE items(id TEXT PRIMARY KEY, n, r, t, "a ""b", empty);
            INSERT INTO items VALUES('a', 1, 1, 1, 'x', NULL), ('b', NULL, 0.5, 'one', 'x', NULL),
                ('d', -9223372036854775808, 2, 0.25, 'y', NULL), ('absent', 7, 7, 7, 'x', NULL);
            """, ids: ["a", "b", "c", "d"])
        #expect(columns?.columns.map(\.name) == ["n", "r", "t", "a \"b", "empty"])
        #expect(columns?.idsWithoutVector == 1 && columns?.rowsWithoutEntry == 1)
        let present = [true, true, false, true]
        #expect(
            values(columns, "n")
                == ResultColumn(
                    name: "n", values: .integers([1, 0, 0, .min]), present: [true, false, false, true]))
        #expect(
            values(columns, "r") == ResultColumn(name: "r", values: .reals([1, 0.5, 0, 2]), present: present))
        #expect(
            values(columns, "t")
                == ResultColumn(
                    name: "t", values: .text(TextList(["1", "one", "", "0.25"])), present: present))
        guard case .text(let codes, let dictionary)? = columns?.column(named: "a \"b")?.values else {
            Issue.record("no text")
            return
        }
        #expect(codes == [0, 0, 0, 1] && dictionary == TextList(["x", "y"]))
        #expect(columns?.column(named: "empty")?.present.population == 0)
    }

    @Test func idsMatchAcrossKinds() throws {
        let numbers =
            "CREATE TABLE items(id INTEGER PRIMARY KEY, n); INSERT INTO items VALUES(7, 1), (-7, 2);"
        let texts = "CREATE TABLE items(id TEXT PRIMARY KEY, n); INSERT INTO items VALUES('7', 1), ('07', 2);"
        for sql in [numbers, texts] {
            #expect(try read(sql, ids: [7])?.rowsWithoutEntry == 0)
            #expect(try read(sql, ids: ["7"])?.rowsWithoutEntry == 0)
        }
        #expect(try read(numbers, ids: ["-7"])?.rowsWithoutEntry == 0)
        #expect(try read(texts, ids: ["07", "8"])?.idsWithoutVector == 1)
    }

    @Test func normalizationFormsAreTwoIDs() throws {
        let columns = try read(
            "CREATE TABLE items(id TEXT PRIMARY KEY, n); INSERT INTO items VALUES('caf\u{E9}', 1);",
            ids: ["cafe\u{301}", "caf\u{E9}"])
        #expect(columns?.column(named: "n")?.present[0] == false)
        #expect(columns?.column(named: "n")?.present[1] == true)
    }

    @Test func absentTable() throws {
        #expect(try read("CREATE TABLE users(id INTEGER PRIMARY KEY);", ids: [1]) == nil)
    }

    @Test(arguments: [
        "CREATE TABLE items(id PRIMARY KEY, b); INSERT INTO items VALUES(1, x'00');",
        "CREATE TABLE items(id PRIMARY KEY, b); INSERT INTO items VALUES(99, x'00');",
        "CREATE TABLE items(id PRIMARY KEY, b); INSERT INTO items VALUES(1, 9e999);",
        "CREATE TABLE items(id PRIMARY KEY, b); INSERT INTO items VALUES(1, CAST(x'c328' AS TEXT));",
        "CREATE TABLE items(id PRIMARY KEY, b); INSERT INTO items VALUES(1, printf('%65537s', 'x'));",
        "CREATE TABLE items(id PRIMARY KEY, b); INSERT INTO items VALUES(1, 1), ('1', 2);",
        "CREATE TABLE items(id PRIMARY KEY, b); INSERT INTO items VALUES(1.5, 1);",
        "CREATE TABLE items(id TEXT PRIMARY KEY, b); INSERT INTO items VALUES(NULL, 1);",
        "CREATE TABLE items(id, b); INSERT INTO items VALUES(1, 1);",
        "CREATE TABLE items(id, b, PRIMARY KEY (id, b)); INSERT INTO items VALUES(1, 1);",
        "CREATE TABLE items(key PRIMARY KEY, b); INSERT INTO items VALUES(1, 1);",
        "CREATE VIEW items AS SELECT 1 AS id;",
    ]) func refused(_ sql: String) {
        #expect(throws: CatalogFailure.self) { try read(sql, ids: [1]) }
    }

    @Test func noFileAppearsBesideTheCatalog() throws {
        let path = try folder.database(
            "damaged.sqlite",
            "CREATE TABLE items(id INTEGER PRIMARY KEY, n); PRAGMA journal_mode = WAL;")
        let before = try folder.names()
        _ = try CatalogReader.readColumns(path: path, side: .items, rowCount: 1) { _ in nil }
        #expect(try folder.names() == before)
    }

    @Test func damagedFiles() throws {
        let path = try folder.database(
            "damaged.sqlite",
            "CREATE TABLE items(id INTEGER PRIMARY KEY, n); INSERT INTO items VALUES(1, 'a'), (2, 'b');")
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for count in stride(from: 0, to: whole.count, by: 97) {
            try whole.prefix(count).write(to: URL(fileURLWithPath: path))
            // An empty file is an empty database, which has no table; every other file is refused.
            let columns = try? CatalogReader.readColumns(path: path, side: .items, rowCount: 1) { _ in nil }
            #expect(columns == nil)
        }
        #expect(throws: CatalogFailure.self) {
            try CatalogReader.readColumns(path: folder.file("absent"), side: .items, rowCount: 1) { _ in nil }
        }
    }

    @Test func manyDistinctTexts() throws {
        let columns = try read(
            """
            CREATE TABLE items(id INTEGER PRIMARY KEY, t);
            WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE x < 999)
                INSERT INTO items SELECT x, 'text ' || (x % 500) FROM c;
            """, ids: (0..<1000).map { ExternalID.number($0) })
        guard case .text(let codes, let dictionary)? = columns?.columns.first?.values else {
            Issue.record("no text")
            return
        }
        #expect(dictionary.count == 500)
        #expect((0..<1000).allSatisfy { dictionary[Int(codes[$0])].elementsEqual("text \($0 % 500)".utf8) })
    }
}
