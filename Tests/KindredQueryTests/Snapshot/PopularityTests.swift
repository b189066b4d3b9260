import KindredDomain
import KindredModel
import KindredQuery
import KindredSystem
import TestSupport
import Testing

/// The order of popular items against a sort of plain values.
@Suite struct PopularityTests {
    /// A version of so many items, with a column for popularity or seen lists.
    private func version(items: Int, column: String? = nil, seen: [[UInt32]]? = nil) throws -> LoadedVersion {
        func table(_ side: Side, _ count: Int) throws -> VectorTable {
            try VectorTable(
                side: side, ids: IDTable(ids: .numbers((0..<count).map { UInt64($0) })), dimension: 1,
                elements: [Float](repeating: 1, count: count))
        }
        var manifest = Manifest(
            model: ModelName("m")!, version: 1, created: "2000-01-01T00:00:00Z", metric: .dot, dimension: 1,
            fingerprint: Array(repeating: 1, count: 16), trainingID: nil,
            items: .init(count: UInt64(items), idKind: .number), users: nil, files: [])
        manifest.popularityColumn = column
        if seen != nil { manifest.files.append(.init(name: ModelFiles.seen, byteCount: 0, crc32c: 0)) }
        return try LoadedVersion(
            name: ModelName("m")!, version: 1, directory: "", manifest: manifest,
            items: try table(.items, items),
            users: try seen.map { try table(.users, $0.count) },
            seen: try seen.map { try SeenPairs(lists: $0, itemCount: items) }, catalogPath: nil)
    }

    private func catalog(_ columns: [(String, CatalogValues, [Bool])]) -> CatalogColumns {
        CatalogColumns(
            columns: columns.map { name, values, present in
                var bits = Bitmap(count: present.count)
                for (row, isPresent) in present.enumerated() { bits[row] = isPresent }
                return CatalogColumn(name: name, values: values, present: bits)
            }, idsWithoutVector: 0, rowsWithoutEntry: 0)
    }

    /// Rows and scores in the order of popularity, as the rule says: score descending, none last, then row.
    private func wanted(_ scores: [Float?]) -> [(row: Int, score: Float?)] {
        scores.enumerated().map { ($0.offset, $0.element) }.sorted { a, b in
            switch (a.1, b.1) {
            case (let a?, let b?) where a != b: a > b
            case (nil, _?): false
            case (_?, nil): true
            default: a.0 < b.0
            }
        }
    }

    private func expectOrder(_ popularity: Popularity, _ scores: [Float?], _ what: String = "") {
        let wanted = wanted(scores)
        #expect(popularity.count == scores.count)
        let rows = popularity.rowColumn.withElements { $0.map { Int($0) } }
        #expect(rows == wanted.map(\.row), "\(what)")
        let found = popularity.scoreColumn.withElements { Array($0) }
        #expect(
            found.map(\.bitPattern) == wanted.map { ($0.score ?? Popularity.unknownScore).bitPattern },
            "\(what)")
        // The order of results, without an exception.
        let keys = zip(found, rows).map { RankingKey(score: $0, row: UInt32($1)) }
        #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 }, "\(what)")
    }

    @Test func integers() throws {
        // 2^24 and 2^24 + 1 are one float32.
        let values: [Int64] = [3, 16_777_217, -5, 0, 16_777_216, 3, .max, .min, 0]
        let present = [true, true, true, true, true, false, true, true, false]
        let popularity = try #require(
            try Popularity.of(
                version(items: 9, column: "n"), catalog: catalog([("n", .integers(values), present)])))
        #expect(popularity.source == .column("n"))
        expectOrder(
            popularity,
            [3, 16_777_216, -5, 0, 16_777_216, nil, 0x1p63, -0x1p63, nil])
        #expect(popularity.rowColumn.withElements { Array($0) } == [6, 1, 4, 0, 3, 2, 7, 5, 8])
    }

    @Test func reals() throws {
        let greatest = Float.greatestFiniteMagnitude
        let values = [0.1, -0.0, 0, .infinity, -.infinity, 1e300, -1e300, .nan, 1e-60, Double(greatest)]
        let popularity = try #require(
            try Popularity.of(
                version(items: 10, column: "x"),
                catalog: catalog([
                    ("x", .reals(values), [Bool](repeating: true, count: 10))
                ])))
        let least = Popularity.valueMin
        #expect(least > Popularity.unknownScore)
        expectOrder(popularity, [0.1, 0, 0, greatest, least, greatest, least, nil, 0, greatest])
    }

    @Test func countsOfSeenPairs() throws {
        var generator = SeededGenerator.announced()
        for (users, items) in [(1, 1), (3, 50), (400, 7), (200, 300)] {
            let lists = (0..<users).map { _ in
                (0..<UInt32(items)).filter { _ in UInt32.random(in: 0..<3, using: &generator) == 0 }
            }
            let popularity = try #require(
                try Popularity.of(version(items: items, seen: lists), catalog: nil))
            var counts = [Float](repeating: 0, count: items)
            for row in lists.joined() { counts[Int(row)] += 1 }
            #expect(popularity.source == .seenPairs)
            expectOrder(popularity, counts, "\(users) x \(items)")
        }
    }

    @Test func randomColumns() throws {
        var generator = SeededGenerator.announced()
        for count in [1, 2, 17, 1_000, isOptimised ? 600_000 : 20_000] {
            let present = (0..<count).map { _ in Int.random(in: 0..<5, using: &generator) > 0 }
            let integers = (0..<count).map { _ in Int64.random(in: -9...9, using: &generator) }
            let reals = (0..<count).map { _ in Double.random(in: -1e40...1e40, using: &generator) }
            let version = try version(items: count, column: "p")
            let ofIntegers = try #require(
                try Popularity.of(version, catalog: catalog([("p", .integers(integers), present)])))
            expectOrder(ofIntegers, zip(integers, present).map { $1 ? Float($0) : nil }, "\(count) integers")
            let ofReals = try #require(
                try Popularity.of(
                    version,
                    catalog: catalog([("q", .integers(integers), present), ("p", .reals(reals), present)])))
            let limit = Float.greatestFiniteMagnitude
            expectOrder(
                ofReals,
                zip(reals, present).map { value, isPresent in
                    guard isPresent else { return nil }
                    let score = Float(value)
                    return score == .infinity ? limit : score == -.infinity ? (-limit).nextUp : score
                }, "\(count) reals")
        }
    }

    /// Enough items and pairs for several parts of a load that gives way.
    @Test func partsOfALoad() throws {
        var generator = SeededGenerator.announced()
        let resources = LoadResources(threads: .givingWay(), memory: nil)
        let items = 100_000
        let integers = (0..<items).map { _ in Int64.random(in: 0...99, using: &generator) }
        let column = catalog([("n", .integers(integers), [Bool](repeating: true, count: items))])
        let ofColumn = try #require(
            try Popularity.of(version(items: items, column: "n"), catalog: column, with: resources))
        expectOrder(ofColumn, integers.map { Float($0) })

        let lists = (0..<400).map { user in
            stride(from: UInt32(user % 2), to: 3_000, by: 2).map { $0 } + (user % 3 == 0 ? [] : [3_000])
        }
        let ofPairs = try #require(
            try Popularity.of(version(items: 3_001, seen: lists), catalog: nil, with: resources))
        var counts = [Float](repeating: 0, count: 3_001)
        for row in lists.joined() { counts[Int(row)] += 1 }
        expectOrder(ofPairs, counts)
    }

    @Test func aReplicaHasTheSameOrder() throws {
        let popularity = try #require(
            try Popularity.of(version(items: 3, seen: [[0, 2], [2]]), catalog: nil))
        let replica = Popularity(replicaOf: popularity)
        #expect(
            replica !== popularity && replica.rows == popularity.rows && replica.scores == popularity.scores)
        expectOrder(replica, [1, 0, 2])
    }

    @Test func versionsWithoutPopularity() throws {
        #expect(try Popularity.of(version(items: 3), catalog: nil) == nil)
    }

    @Test func columnsThatAreNoNumbers() throws {
        let texts = TextList(["a", "b"])
        let all = catalog([
            ("title", .text(codes: [0, 1], dictionary: texts), [true, true]),
            ("price", .reals([1, 2]), [true, true]),
            ("stock", .integers([1, 2]), [true, true]),
        ])
        for (name, found) in [
            ("title", "\"title\", of text"), ("prise", "\"prise\", which the items do not have"),
        ] {
            let failure = #expect(throws: FileFailure.self) {
                try Popularity.of(version(items: 2, column: name), catalog: all)
            }
            #expect(failure?.found == found)
            #expect(
                failure?.wanted
                    == "one of integers or reals among those of items: title (text), price (reals), stock (integers)"
            )
        }
        let none = #expect(throws: FileFailure.self) {
            try Popularity.of(version(items: 2, column: "title"), catalog: nil)
        }
        #expect(none?.wanted.hasSuffix("items: none") == true)
    }

    @Test func aCancelledLoadStops() throws {
        let cancellation = Cancellation()
        cancellation.cancel()
        let resources = LoadResources(threads: .eager(cancellation), memory: nil)
        for version in [try version(items: 3, column: "n"), try version(items: 3, seen: [[0]])] {
            let columns = catalog([("n", .integers([1, 2, 3]), [true, true, true])])
            let failure = #expect(throws: FileFailure.self) {
                try Popularity.of(version, catalog: columns, with: resources)
            }
            #expect(failure?.found == "cancelled")
        }
    }
}
