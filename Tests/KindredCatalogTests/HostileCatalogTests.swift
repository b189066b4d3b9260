import Foundation
import GRDB
import KindredCatalog
import KindredDomain
import Testing

/// Catalogs made to harm a reader: they compute, or they are larger than they look.
@Suite struct HostileCatalogTests {
    /// A query whose rows never end.
    private static let endless =
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"

    private let folder: CatalogFolder

    init() throws { folder = try CatalogFolder() }

    private func read(_ path: String, budget: ReadBudget = ReadBudget()) throws(CatalogFailure)
        -> CatalogColumns?
    {
        try CatalogReader.readColumns(path: path, side: .items, rowCount: 4, budget: budget) { id in
            if case .number(let number) = id, number < 4 { UInt32(number) } else { nil }
        }
    }

    /// The entry of the schema, by kind and name.
    private static let computing: [(sql: String, kind: String, name: String)] = [
        ("CREATE VIEW items AS SELECT x AS id, x AS n FROM (\(endless));", "view", "items"),
        (
            "CREATE TABLE items(id INTEGER PRIMARY KEY, n); CREATE VIEW \"an \"\"other\" AS \(endless);",
            "view",
            "an \"other"
        ),
        (
            """
            CREATE TABLE items(id INTEGER PRIMARY KEY, n);
            CREATE TRIGGER grow AFTER INSERT ON items BEGIN INSERT INTO items(n) VALUES(1); END;
            """, "trigger", "grow"
        ),
        ("CREATE VIRTUAL TABLE items USING fts5(id, n);", "virtual table", "items"),
        (
            "CREATE TABLE items(id INTEGER PRIMARY KEY, n AS (hex(zeroblob(1000000))));", "generated column",
            "n"
        ),
        (
            "CREATE TABLE items(id INTEGER PRIMARY KEY, n AS (id + 1) STORED);", "generated column", "n"
        ),
        (
            "CREATE TABLE items(id INTEGER PRIMARY KEY, n); CREATE INDEX slow ON items(hex(zeroblob(n)));",
            "index over an expression", "slow"
        ),
        (
            "CREATE TABLE items(id INTEGER PRIMARY KEY, n); CREATE INDEX some ON items(n) WHERE length(n) > 1;",
            "partial index", "some"
        ),
    ]

    @Test(arguments: computing.indices)
    func whatComputesIsRefusedByName(_ index: Int) throws {
        let (sql, kind, name) = Self.computing[index]
        let path = try folder.database("catalog.sqlite", sql)
        let start = ContinuousClock.now
        let failures = [
            #expect(throws: CatalogFailure.self) { try read(path) },
            #expect(throws: CatalogFailure.self) { try CatalogWriter.summary(path: path) },
            #expect(throws: CatalogFailure.self) {
                try CatalogWriter.copy(from: path, to: folder.file("copy.sqlite"))
            },
        ]
        // It is refused before anything runs; the second is for a busy machine.
        #expect(ContinuousClock.now - start < .seconds(1))
        for failure in failures {
            guard case .notPlain(let file, let found, let foundName, _)? = failure else {
                Issue.record("\(String(describing: failure))")
                continue
            }
            #expect(file == path && found == kind && foundName == name)
            #expect(failure?.description.contains("INSERT INTO items SELECT") == true)
        }
        #expect(!FileManager.default.fileExists(atPath: folder.file("copy.sqlite")))
    }

    /// SQLite stores a statement as it was written, with its comments.
    @Test func virtualTablesAreFoundBehindComments() throws {
        let path = try folder.database(
            "catalog.sqlite", "CREATE/* a table */ VIRTUAL -- TABLE\n TABLE items USING fts5(id, n);")
        let failure = #expect(throws: CatalogFailure.self) { try read(path) }
        #expect(failure == .notPlain(file: path, kind: "virtual table", name: "items"))
    }

    @Test func plainTablesOfEveryFormAreRead() throws {
        let forms = [
            "CREATE TABLE items(id INTEGER PRIMARY KEY, n);",
            "CREATE TABLE items(id INT PRIMARY KEY, n) WITHOUT ROWID;",
            "CREATE TABLE items(id INT PRIMARY KEY, n INT) STRICT;",
            "CREATE TABLE Items(id INTEGER PRIMARY KEY, n DEFAULT (abs(-7)) CHECK (length(n) < 9));",
            "CREATE TABLE items(id INT PRIMARY KEY, n UNIQUE); CREATE UNIQUE INDEX i ON items(n, id DESC);",
            "CREATE TABLE items(id INT PRIMARY KEY, n); CREATE INDEX i ON items(n); ANALYZE;",
            "PRAGMA encoding = 'UTF-16le'; CREATE TABLE items(id INT PRIMARY KEY, n);",
            "PRAGMA auto_vacuum = FULL; CREATE TABLE items(id INTEGER PRIMARY KEY AUTOINCREMENT, n);",
        ]
        for (index, form) in forms.enumerated() {
            let path = try folder.database(
                "\(index).sqlite", form + "INSERT INTO items VALUES(1, 11), (3, 13); CREATE TABLE other(x);")
            let copy = folder.file("copy \(index).sqlite")
            let summary = try CatalogWriter.copy(from: path, to: copy)
            #expect(summary.tables == [.init(side: .items, columns: ["n"], count: 2)], "\(form)")
            let column = try #require(try read(copy)?.columns.first)
            #expect(column.gather([1, 3]).values == .integers([11, 13]), "\(form)")
        }
    }

    @Test func hugeSchemasAreRefused() throws {
        let sql = (0..<3_000).map { "CREATE TABLE t\($0)(x);" }.joined()
        let path = try folder.database("catalog.sqlite", "BEGIN; \(sql) COMMIT;")
        #expect(throws: CatalogFailure.schemaTooLarge(file: path)) { try read(path) }
        // The largest allowed number; the table that is read counts too.
        let allowed = (1..<Limits.catalogSchemaEntriesMax).map { "CREATE TABLE t\($0)(x);" }.joined()
        let fitting = try folder.database(
            "fitting.sqlite", "BEGIN; CREATE TABLE items(id INTEGER PRIMARY KEY); \(allowed) COMMIT;")
        #expect(try read(fitting) != nil)
        let larger = try folder.database("fitting.sqlite", "CREATE TABLE one_more(x);")
        #expect(throws: CatalogFailure.schemaTooLarge(file: larger)) { try read(larger) }
    }

    @Test func tablesWithTooManyColumns() throws {
        let columns = (0..<1_999).map { "c\($0)" }.joined(separator: ", ")
        let path = try folder.database(
            "catalog.sqlite", "CREATE TABLE items(id INTEGER PRIMARY KEY, \(columns));")
        #expect(throws: CatalogFailure.tooManyColumns(file: path, table: "items", found: 1_999)) {
            try read(path)
        }
    }

    /// The largest allowed number of columns, added to a table whose entries have no bytes for them.
    @Test func addedColumnsAreRead() throws {
        let columns = (1...Limits.catalogColumnsMax).map {
            "ALTER TABLE items ADD COLUMN c\($0) DEFAULT \($0);"
        }
        let path = try folder.database(
            "catalog.sqlite",
            """
            CREATE TABLE items(id INTEGER PRIMARY KEY);
            WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE x < 9999)
                INSERT INTO items SELECT x FROM c;
            \(columns.joined())
            """)
        let read = try #require(try read(path)?.columns)
        #expect(read.count == Limits.catalogColumnsMax)
        #expect(read.last?.gather([3]).values == .integers([256]))
        let copy = folder.file("copy.sqlite")
        #expect(try CatalogWriter.copy(from: path, to: copy).tables.first?.count == 10_000)
    }

    @Test func oversizedEntriesAreRefused() throws {
        // SQLite reads an entry as long as its bound, which is too long for a text.
        for (byteCount, isHandedOut) in [
            (Limits.catalogEntryBytesMax, true), (Limits.catalogEntryBytesMax + 1, false),
        ] {
            let path = try folder.database(
                "\(byteCount).sqlite",
                """
                CREATE TABLE items(id INTEGER PRIMARY KEY, n);
                INSERT INTO items VALUES(1, CAST(zeroblob(\(byteCount)) AS TEXT));
                """)
            let failure = #expect(throws: CatalogFailure.self) { try read(path) }
            switch failure {
            case .value: #expect(isHandedOut)
            case .tooLarge: #expect(!isHandedOut)
            default: Issue.record("\(String(describing: failure))")
            }
        }
    }

    @Test func columnsAreCountedBeforeTheyAreMade() throws {
        let path = try folder.database(
            "catalog.sqlite",
            "CREATE TABLE items(id INTEGER PRIMARY KEY, a, b); INSERT INTO items VALUES(1, 1, 'text');")
        // Two columns of 4 rows: 8 and 4 bytes a row, a byte of bits each, and one of the entries; then a text of 4
        // bytes and its places.
        let needed = 4 * 8 + 1 + 4 * 4 + 1 + 1 + 4 + 28
        #expect(try read(path, budget: ReadBudget(columnBytesMax: needed)) != nil)
        let failure = #expect(throws: CatalogFailure.self) {
            try read(path, budget: ReadBudget(columnBytesMax: needed - 1))
        }
        #expect(
            failure
                == .columnsTooLarge(file: path, table: "items", byteCount: needed, wanted: needed - 1))
        #expect(throws: CatalogFailure.self) {
            // 16 GiB of columns from 8 KiB.
            try CatalogReader.readColumns(path: path, side: .items, rowCount: 1 << 30) { _ in nil }
        }
    }

    @Test func readingEndsWhenItIsCancelledOrLate() throws {
        let path = try folder.database(
            "catalog.sqlite",
            """
            CREATE TABLE items(id INTEGER PRIMARY KEY, n);
            WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE x < 2000)
                INSERT INTO items SELECT x, x FROM c;
            """)
        let cancellation = Cancellation()
        #expect(try read(path, budget: ReadBudget(cancellation: cancellation)) != nil)
        cancellation.cancel()
        #expect(throws: CatalogFailure.stopped(file: path, .cancelled)) {
            try read(path, budget: ReadBudget(cancellation: cancellation))
        }
        #expect(throws: CatalogFailure.stopped(file: path, .milliseconds(Limits.catalogMillisecondsMin))) {
            try read(path, budget: ReadBudget(start: .now - .seconds(60)))
        }
    }

    @Test(arguments: ["a pipe", "a folder", "a device"])
    func nothingWaitsForWhatIsNoFile(_ kind: String) throws {
        let path = folder.file("catalog.sqlite")
        switch kind {
        case "a pipe": #expect(mkfifo(path, 0o600) == 0)
        case "a folder": #expect(mkdir(path, 0o700) == 0)
        default: #expect(symlink("/dev/zero", path) == 0)
        }
        #expect(throws: CatalogFailure.notAFile(file: path, found: kind)) { try read(path) }
        #expect(throws: CatalogFailure.notAFile(file: path, found: kind)) {
            try CatalogWriter.copy(from: path, to: folder.file("copy.sqlite"))
        }
        // A journal on which SQLite would wait.
        let source = try folder.database("source.sqlite", "CREATE TABLE items(id INTEGER PRIMARY KEY);")
        #expect(rename(path, source + "-journal") == 0)
        #expect(throws: CatalogFailure.notAFile(file: source + "-journal", found: kind)) {
            try CatalogWriter.copy(from: source, to: folder.file("copy.sqlite"))
        }
    }
}
