import Foundation
import KindredCatalog
import KindredDomain
import Testing

/// Tables of values, `items_NAME(id, value)`.
@Suite struct CatalogSetTests {
    private let folder: CatalogFolder

    init() throws { folder = try CatalogFolder() }

    private func read(
        _ sql: String, ids: [ExternalID] = [1, 2, 3], budget: ReadBudget = ReadBudget()
    ) throws -> CatalogColumns {
        let path = try folder.database("\(UUID().uuidString).sqlite", sql)
        return try #require(
            try CatalogReader.readColumns(
                path: path, side: .items, rowCount: ids.count, budget: budget
            ) { id in
                ids.firstIndex(of: id).map(UInt32.init)
            })
    }

    private static let items =
        "CREATE TABLE items(id INTEGER PRIMARY KEY, n); INSERT INTO items VALUES (1, 1), (2, 2), (3, 3), (4, 4);"

    private func values(_ set: CatalogSet, row: Int) -> [AttributeValue] {
        set.codes(ofRow: row).map { set.values[Int($0)] }
    }

    @Test func valuesOfEachRow() throws {
        let columns = try read(
            Self.items + """
                CREATE TABLE items_tags(id INTEGER, value);
                INSERT INTO items_tags VALUES
                    (3, 'b'), (1, 'gift'), (3, 'a'), (1, 7), (3, 'b'), (1, 0.5), (3, 'gift'), (1, '7'), (1, 7),
                    (4, 'x'), (99, 'y');
                """)
        let set = try #require(columns.sets.first)
        #expect(columns.sets.count == 1 && set.name == "tags" && set.affinity == .blob)
        // Each value once: integers, reals, texts in the order in which they came.
        #expect(
            values(set, row: 0) == [
                .integer(7), .real(0.5), .text(Array("gift".utf8)), .text(Array("7".utf8)),
            ])
        #expect(values(set, row: 1).isEmpty)
        #expect(
            Set(values(set, row: 2))
                == [.text(Array("b".utf8)), .text(Array("a".utf8)), .text(Array("gift".utf8))])
        // Those of item 4, which has no vector, and of 99, which is no item.
        #expect(set.entriesWithoutRow == 2 && set.nullRows == nil)
        #expect(set.offsets.count == 4 && set.offsets[3] == UInt32(set.codes.count))
        for row in 0..<3 { #expect(set.codes(ofRow: row).elementsEqual(set.codes(ofRow: row).sorted())) }
    }

    /// Caps count equal values once, however they are stored.
    @Test func equalNumbersAreOneGroup() throws {
        func groups(_ values: String) throws -> [[AttributeValue]]? {
            let columns = try read(
                Self.items + "CREATE TABLE items_tags(id INTEGER, value);"
                    + "INSERT INTO items_tags VALUES \(values);")
            let set = try #require(columns.sets.first)
            return set.groups.map { groups in
                (0..<3).map { row in
                    groups.codes[Int(groups.offsets[row])..<Int(groups.offsets[row + 1])].map {
                        set.values[Int($0)]
                    }
                }
            }
        }
        #expect(try groups("(1, 1), (2, 1.5), (3, 'a'), (3, 0.0)") == nil)
        #expect(
            try groups("(1, 1), (1, 1.0), (2, 1.0), (2, 'a'), (3, '1.0'), (3, 2.0)") == [
                [.integer(1)], [.integer(1), .text(Array("a".utf8))],
                [.real(2), .text(Array("1.0".utf8))],
            ])
        let big = "9007199254740993"
        #expect(
            try groups("(1, \(big)), (2, 9007199254740992.0), (3, 9007199254740992)") == [
                [.integer(9_007_199_254_740_993)], [.integer(9_007_199_254_740_992)],
                [.integer(9_007_199_254_740_992)],
            ])
    }

    /// A table that is named as an attribute and is none says what it would need.
    @Test func tablesThatAreNotRead() throws {
        let path = try folder.database(
            "unread.sqlite",
            Self.items + """
                CREATE TABLE items_tags(id, tag); CREATE TABLE items_good(value, id); CREATE TABLE items_(id, value);
                CREATE TABLE ITEMS_long(id, value, weight); CREATE TABLE users_x(id, value); CREATE TABLE other(a);
                """)
        let unread = try UnreadTable.all(of: [.items, .users], path: path)
        #expect(
            unread == [
                UnreadTable(name: "items_tags", side: .items, reason: .columns(["id", "tag"])),
                UnreadTable(name: "ITEMS_long", side: .items, reason: .columns(["id", "value", "weight"])),
                UnreadTable(name: "users_x", side: .users, reason: .noSide),
            ])
        #expect(try UnreadTable.all(of: [.users], path: path) == [unread[2]])
        #expect(
            unread[0].description
                == "the table \"items_tags\" of the catalog is not read: its columns are id, tag; "
                + "a table of values has two, id and value")
        #expect(
            unread[2].description
                == "the table \"users_x\" of the catalog is not read: it has values of users, "
                + "and the catalog has no table \"users\"")
    }

    @Test func setsAreSortedAndKeepTheirAffinity() throws {
        let columns = try read(
            Self.items + """
                CREATE TABLE Items_Zones(VALUE REAL, ID INT); INSERT INTO items_zones VALUES (5, 2), (NULL, 3);
                CREATE TABLE items_seasons(id INTEGER, value TEXT, PRIMARY KEY (id, value)) WITHOUT ROWID;
                INSERT INTO items_seasons VALUES (2, 5), (2, 'spring');
                CREATE TABLE users_segments(id, value);
                """)
        #expect(columns.sets.map(\.name) == ["Zones", "seasons"])
        #expect(columns.sets.map(\.affinity) == [.real, .text])
        #expect(values(columns.sets[0], row: 1) == [.real(5)])
        #expect(columns.sets[0].nullRows?[2] == true && columns.sets[0].nullRows?[1] == false)
        #expect(values(columns.sets[1], row: 1) == [.text([0x35]), .text(Array("spring".utf8))])
    }

    /// A table with other columns is none of them, and is not read.
    @Test func otherTablesAreIgnored() throws {
        for table in [
            "items_tags(id, value, weight)", "items_tags(id)", "items_tags(item, value)", "items_(id, value)",
            "itemstags(id, value)", "items_tags(id, value, \"VALUE2\")",
        ] {
            #expect(try read(Self.items + "CREATE TABLE \(table);").sets.isEmpty, "\(table)")
        }
    }

    /// A row without an entry has no values, and an id of another type is another id.
    @Test func entriesWithoutARowAreCounted() throws {
        let columns = try read(
            """
            CREATE TABLE items(id PRIMARY KEY, n); INSERT INTO items VALUES (1, 1), ('2', 2);
            CREATE TABLE items_tags(id, value);
            INSERT INTO items_tags VALUES (1, 'a'), ('1', 'b'), (2, 'c'), ('2', 'd'), (3, 'e');
            """)
        let set = try #require(columns.sets.first)
        #expect(values(set, row: 0) == [.text([0x61])])
        #expect(values(set, row: 1) == [.text([0x64])])
        #expect(values(set, row: 2).isEmpty)
        #expect(set.entriesWithoutRow == 3)
    }

    @Test(arguments: [
        // SQLite would convert the text of one table to a number of the other.
        "CREATE TABLE items_tags(id TEXT, value); INSERT INTO items_tags VALUES ('1', 'a');",
        "CREATE TABLE items_tags(id, value); INSERT INTO items_tags VALUES ('01', 'a');",
        "CREATE TABLE items_tags(id INTEGER, value); INSERT INTO items_tags VALUES (1, x'00');",
        "CREATE TABLE items_tags(id INTEGER, value); INSERT INTO items_tags VALUES (99, x'00');",
        "CREATE TABLE items_tags(id INTEGER, value); INSERT INTO items_tags VALUES (x'00', 1);",
        "CREATE TABLE items_tags(id INTEGER, value); INSERT INTO items_tags VALUES (NULL, 1);",
        "CREATE TABLE items_tags(id INTEGER, value); INSERT INTO items_tags VALUES (1.5, 1);",
        "CREATE TABLE items_tags(id INTEGER, value); INSERT INTO items_tags VALUES (1, 9e999);",
        "CREATE TABLE items_tags(id INTEGER, value); INSERT INTO items_tags VALUES (1, CAST(x'c328' AS TEXT));",
        "CREATE TABLE items_tags(id INTEGER, value); INSERT INTO items_tags VALUES (1, printf('%65537s', 'x'));",
        "CREATE TABLE items_tags(id INTEGER, value TEXT COLLATE NOCASE);",
        "CREATE TABLE items_tags(id TEXT COLLATE RTRIM, value);",
        "CREATE VIEW items_tags AS SELECT 1 AS id, 2 AS value;",
        "CREATE TABLE items_tags(id INTEGER, value AS (id + 1));",
    ]) func refused(_ sql: String) {
        #expect(throws: CatalogFailure.self) { try read(Self.items + sql) }
    }

    @Test func failuresNameTheTable() throws {
        func description(_ sql: String) throws -> String {
            let failure = #expect(throws: CatalogFailure.self) { try read(Self.items + sql) }
            return failure?.description ?? ""
        }
        let blob = try description(
            "CREATE TABLE items_tags(id INTEGER, value); INSERT INTO items_tags VALUES (7, x'0102');")
        #expect(blob.contains("\"items_tags\".\"value\" of id 7 is a blob of 2 bytes"), "\(blob)")
        let types = try description(
            "CREATE TABLE items_tags(id TEXT, value); INSERT INTO items_tags VALUES ('07', 'a');")
        #expect(
            types.contains("an id of \"items_tags\" is \"07\", and \"items\" has ids of another type"),
            "\(types)")
        let collation = try description("CREATE TABLE items_tags(id INTEGER, value TEXT COLLATE NOCASE);")
        #expect(collation.contains("\"items_tags\".\"value\" has the collation NOCASE"), "\(collation)")
        // A catalog whose ids have another order is read where it has no such table.
        let items =
            "CREATE TABLE items(id TEXT COLLATE NOCASE PRIMARY KEY, n); INSERT INTO items VALUES ('1', 1);"
        #expect(try read(items).ids.declaration.collation == "NOCASE")
        #expect(throws: CatalogFailure.self) { try read(items + "CREATE TABLE items_tags(id, value);") }
    }

    @Test func theNumberOfSetsIsBounded() throws {
        func tables(_ count: Int) -> String {
            Self.items + (0..<count).map { "CREATE TABLE items_s\($0)(id INTEGER, value);" }.joined()
        }
        #expect(try read(tables(Limits.catalogSetsMax)).sets.count == Limits.catalogSetsMax)
        let failure = #expect(throws: CatalogFailure.self) { try read(tables(Limits.catalogSetsMax + 1)) }
        guard case .tooManySets(_, .items)? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        let name = String(repeating: "x", count: Limits.columnNameBytesMax)
        #expect(
            try read(Self.items + "CREATE TABLE items_\(name)(id INTEGER, value);").sets.first?.name == name)
        #expect(throws: CatalogFailure.self) {
            try read(Self.items + "CREATE TABLE items_\(name)y(id INTEGER, value);")
        }
    }

    /// The tables of a side share the budget of its columns.
    @Test func memoryIsCounted() throws {
        let sql =
            Self.items
            + "CREATE TABLE items_tags(id INTEGER, value); INSERT INTO items_tags VALUES (1, 'text'), (2, 5);"
        // A column of 3 rows and the bits of its entries; offsets; a text and its places; a number; 64 pairs; codes.
        let needed = 3 * 8 + 1 + 1 + 4 * 4 + (4 + 28) + 48 + 64 * 8 + 2 * 4
        #expect(try read(sql, budget: ReadBudget(columnBytesMax: needed)).sets.count == 1)
        let failure = #expect(throws: CatalogFailure.self) {
            try read(sql, budget: ReadBudget(columnBytesMax: needed - 1))
        }
        guard case .columnsTooLarge(_, "items_tags", let found, let wanted)? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(found == needed && wanted == needed - 1)
    }
}
