import Foundation
import GRDB
import KindredCatalog
import KindredDomain
import Testing

@Suite struct CatalogWriterTests {
    private let folder: CatalogFolder

    init() throws { folder = try CatalogFolder() }

    @Test func unmergedRowsOfAWriteAheadLogAreCopied() throws {
        let source = folder.file("source.sqlite")
        let queue = try DatabaseQueue(path: source)
        try queue.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    PRAGMA journal_mode = WAL;
                    PRAGMA wal_autocheckpoint = 0;
                    CREATE TABLE items(id TEXT PRIMARY KEY, title);
                    INSERT INTO items VALUES('a', 'in the log');
                    CREATE TABLE users(id INTEGER PRIMARY KEY, country, age);
                    """)
        }
        let target = folder.file("catalog.sqlite")
        let summary = try CatalogWriter.copy(from: source, to: target)
        #expect(
            summary.tables == [
                .init(side: .items, columns: ["title"], count: 1),
                .init(side: .users, columns: ["country", "age"], count: 0),
            ])
        let header = try Data(contentsOf: URL(fileURLWithPath: target)).prefix(20)
        #expect(header[18] == 1 && header[19] == 1, "the copy is no WAL file")
        let columns = try CatalogReader.readColumns(path: target, side: .items, rowCount: 1) { _ in 0 }
        #expect(columns?.columns.first?.present[0] == true)
        #expect(try !folder.names().contains { $0.hasPrefix("catalog.sqlite-") })
        try queue.close()
    }

    @Test func nothingIsReplaced() throws {
        let source = try folder.database("source.sqlite", "CREATE TABLE items(id PRIMARY KEY);")
        let target = try folder.database("target.sqlite", "CREATE TABLE other(x);")
        #expect(throws: CatalogFailure.self) { try CatalogWriter.copy(from: source, to: target) }
    }

    @Test func sourcesRefused() throws {
        let empty = try folder.database("empty.sqlite", "CREATE TABLE other(id PRIMARY KEY);")
        #expect(throws: CatalogFailure.noTable(file: empty)) {
            try CatalogWriter.copy(from: empty, to: folder.file("1"))
        }
        let keyless = try folder.database("keyless.sqlite", "CREATE TABLE users(id);")
        #expect(throws: CatalogFailure.primaryKey(file: keyless, table: "users", found: [])) {
            try CatalogWriter.copy(from: keyless, to: folder.file("2"))
        }
        let absent = folder.file("absent")
        #expect(throws: CatalogFailure.notAFile(file: absent, found: "No such file or directory")) {
            try CatalogWriter.copy(from: absent, to: folder.file("3"))
        }
        try Data("no database, but long enough to look at".utf8)
            .write(to: URL(fileURLWithPath: folder.file("text")))
        let failure = #expect(throws: CatalogFailure.self) {
            try CatalogWriter.copy(from: folder.file("text"), to: folder.file("4"))
        }
        #expect(failure?.description == "\(folder.file("text")) is not an SQLite database")
    }
}
