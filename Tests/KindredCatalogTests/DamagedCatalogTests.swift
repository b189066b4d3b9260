import Foundation
import GRDB
import KindredCatalog
import KindredDomain
import TestSupport
import Testing

/// Small catalogs with bytes changed at random or by design: each is read or refused, quickly and within bounds.
@Suite struct DamagedCatalogTests {
    private let folder: CatalogFolder

    init() throws { folder = try CatalogFolder() }

    /// The bytes of a catalog with pages of every kind: inner pages, leaves, overflow chains, free pages.
    private func catalog(_ suffix: String) throws -> [UInt8] {
        let path = try folder.database(
            "whole \(UUID().uuidString).sqlite",
            """
            PRAGMA page_size = 512;
            CREATE TABLE gone(x); INSERT INTO gone VALUES(zeroblob(4000));
            CREATE TABLE items(id INTEGER PRIMARY KEY, n, t)\(suffix);
            WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE x < 300)
                INSERT INTO items SELECT x, x, printf('%.*c', x * 3, 'x') FROM c;
            CREATE TABLE items_tags(id INTEGER, value);
            INSERT INTO items_tags SELECT id, iif(id % 3, 'tag ' || id % 7, id % 5) FROM items WHERE id % 2;
            CREATE INDEX i ON items(n);
            DROP TABLE gone;
            """)
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Reads the catalog in every way; true where it was refused. Fails where reading takes long.
    private func judge(_ bytes: [UInt8], _ what: String) throws -> Bool {
        let path = folder.file("damaged.sqlite")
        let copy = folder.file("copy.sqlite")
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let start = ContinuousClock.now
        var isRefused = false
        do throws(CatalogFailure) {
            _ = try CatalogReader.readColumns(path: path, side: .items, rowCount: 400) { id in
                if case .number(let number) = id {
                    UInt32(exactly: number).flatMap { $0 < 400 ? $0 : nil }
                } else {
                    nil
                }
            }
            _ = try CatalogWriter.summary(path: path)
            _ = try CatalogWriter.copy(from: path, to: copy)
        } catch {
            isRefused = true
            #expect(error.description.contains(path) || error.description.contains(copy), "\(what): \(error)")
        }
        unlink(copy)
        // The steps allowed for a small file take a fraction of a second; the rest is for a busy machine.
        #expect(ContinuousClock.now - start < .seconds(10), "\(what)")
        return isRefused
    }

    @Test(arguments: ["", " WITHOUT ROWID"])
    func everyByteOfTheHeader(_ suffix: String) throws {
        let whole = try catalog(suffix)
        #expect(try !judge(whole, "unchanged"))
        var refusals = 0
        for offset in 0..<120 {
            let all: [UInt8] = [0x00, 0x01, 0x7F, 0xFF]
            for change in isOptimised ? all : [all[offset % 4]] where whole[offset] != change {
                var bytes = whole
                bytes[offset] = change
                if try judge(bytes, "byte \(offset) is \(change)") { refusals += 1 }
            }
        }
        #expect(refusals > (isOptimised ? 50 : 12))
    }

    @Test(arguments: ["", " WITHOUT ROWID"])
    func randomBytes(_ suffix: String) throws {
        var generator = SeededGenerator.announced()
        let seed = generator.seed
        let whole = try catalog(suffix)
        var refusals = 0
        for round in 0..<(isOptimised ? 400 : 100) {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                // Half of the changes are where pages begin: page numbers, cell counts, offsets.
                let page = Int.random(in: 0..<bytes.count / 512, using: &generator) * 512
                let offset = Bool.random(using: &generator) ? 16 : 512
                bytes[page + Int.random(in: 0..<offset, using: &generator)] = .random(
                    in: 0...255, using: &generator)
            }
            if try judge(bytes, "round \(round) of seed \(seed)") { refusals += 1 }
        }
        #expect(refusals > (isOptimised ? 100 : 25), "seed \(seed)")
    }

    /// Every pointer of an inner page leads to the same page, which gives more entries than the file has room for.
    @Test func pagesThatAreReadAgainAndAgain() throws {
        var bytes = try catalog("")
        for page in stride(from: 512, to: bytes.count, by: 512) where bytes[page] == 5 {
            let cells = Int(bytes[page + 3]) << 8 | Int(bytes[page + 4])
            let right = Array(bytes[page + 8..<page + 12])
            for cell in 0..<cells {
                let entry = page + 12 + cell * 2
                let offset = page + (Int(bytes[entry]) << 8 | Int(bytes[entry + 1]))
                bytes.replaceSubrange(offset..<offset + 4, with: right)
            }
        }
        #expect(try judge(bytes, "one leaf below all"))
    }

    /// The place of a table's root page.
    private func root(of table: String, _ bytes: [UInt8]) throws -> Int {
        let path = folder.file("schema.sqlite")
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let page = try DatabaseQueue(path: path).read {
            try Int.fetchOne($0, sql: "SELECT rootpage FROM sqlite_schema WHERE name = ?", arguments: [table])
        }
        return (try #require(page) - 1) * 512
    }

    /// Inner pages as deep as SQLite allows, each with a hundred pointers to the next one.
    @Test(arguments: ["items", "items_tags"])
    func pagesWithExponentiallyManyPaths(_ table: String) throws {
        var bytes = try catalog("")
        let root = try root(of: table, bytes)
        #expect(bytes[root] == 5)
        let template = Array(bytes[root..<root + 512])
        let cells = Int(template[3]) << 8 | Int(template[4])
        // The pages of 15 levels follow the file; the last one leads to a leaf of the table.
        func pointing(to number: Int) -> [UInt8] {
            var page = template
            let bytes = withUnsafeBytes(of: UInt32(number).bigEndian) { Array($0) }
            page.replaceSubrange(8..<12, with: bytes)
            for cell in 0..<cells {
                let offset = Int(page[12 + cell * 2]) << 8 | Int(page[13 + cell * 2])
                page.replaceSubrange(offset..<offset + 4, with: bytes)
            }
            return page
        }
        let leaf =
            (Int(template[8]) << 24 | Int(template[9]) << 16 | Int(template[10]) << 8 | Int(template[11]))
        let last = bytes.count / 512 + 1
        for level in 0..<15 { bytes += pointing(to: level == 14 ? leaf : last + level + 1) }
        bytes.replaceSubrange(root..<root + 512, with: pointing(to: last))
        // The header holds the number of pages.
        let pages = withUnsafeBytes(of: UInt32(bytes.count / 512).bigEndian) { Array($0) }
        bytes.replaceSubrange(28..<32, with: pages)
        #expect(try judge(bytes, "a graph of pages"))
    }
}
