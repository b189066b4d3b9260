import KindredDomain
import KindredFilter
import Testing

/// What a filter names, and the failures of what it names wrongly.
@Suite struct FilterNameTests {
    private static func column(_ name: String, at position: Int = 3) -> FilterExpression {
        .column(.init(.row, name, at: position))
    }

    private static func seed(_ name: String) -> FilterExpression { .column(.init(.seed, name, at: 4)) }

    private func table(_ change: (inout [CatalogColumn]) -> Void = { _ in }) -> FilterTable {
        let numbers: [AttributeValue] = [.integer(1), .null, .integer(3)]
        let texts: [AttributeValue] = [.text(Array("a".utf8)), .text(Array("b".utf8)), .null]
        var columns = [
            DirectColumns.column("price", ColumnDeclaration(.integer), numbers),
            DirectColumns.column("category", ColumnDeclaration(.text), texts),
        ]
        change(&columns)
        var entries = Bitmap(count: 3, repeating: true)
        entries[2] = false
        let tags = CatalogSet(
            name: "tags", affinity: .text, offsets: [0, 1, 1, 1], codes: [0],
            values: SetValues(texts: TextList(["gift"])), nullRows: nil, entriesWithoutRow: 0)
        let catalog = CatalogColumns(
            columns: columns, idsWithoutVector: 0, rowsWithoutEntry: 1, entries: entries, sets: [tags])
        return FilterTable(rowCount: 3, catalog: catalog, ids: IDList.numbers([10, 20, 30]))
    }

    private func failure(
        _ expression: FilterExpression, _ table: FilterTable, seed: FilterSeed? = nil
    ) -> FilterFailure? {
        do throws(FilterFailure) {
            _ = try FilterProgram(expression, over: table, seed: seed)
            #expect(checked(expression, table, seed) == nil)
            return nil
        } catch { return error }
    }

    /// What is found before there is a query.
    private func checked(
        _ expression: FilterExpression, _ table: FilterTable, _ seed: FilterSeed? = nil
    ) -> FilterFailure? {
        do throws(FilterFailure) {
            try FilterNames.check(expression, in: table, seed: seed.map { _ in table })
            return nil
        } catch { return error }
    }

    /// The names of a filter are judged without a query as they are with one, the first in the text first.
    @Test func namesAreCheckedBeforeQueries() {
        let table = table {
            $0.append(
                CatalogColumn(
                    name: "mixed", values: .text(codes: [0, 0, 0], dictionary: TextList(["1"])),
                    present: Bitmap(count: 3), storage: .unknown("it has numbers among its texts")))
        }
        let seed = FilterSeed(table, row: 0)
        let (good, bad) = (Self.column("price"), Self.column("prise", at: 8))
        let seedOfNone = FilterExpression.column(.init(.seed, "nothing", at: 11))
        let tags = FilterExpression.inSet(good, .init("tag", at: 7), isNegated: false)
        func like(_ pattern: FilterExpression, _ escape: FilterExpression? = nil) -> FilterExpression {
            .pattern(.glob, Self.column("category"), pattern, escape: escape, isNegated: true, position: 9)
        }
        let refused: [FilterExpression] = [
            bad, seedOfNone, tags, Self.column("mixed"), .and(good, .or(bad, tags)), .and(tags, bad),
            .between(good, seedOfNone, bad, isNegated: false), .inList(good, [bad, tags], isNegated: true),
            .not(.negative(.plus(bad))), .arithmetic(.times, bad, tags), like(good), like(bad), like(tags),
            like(Self.seed("category"), good), like(.isNull(good, isNegated: false)),
            .and(.isNull(Self.column("mixed"), isNegated: false), Self.column("mixed")),
            .isNull(.plus(Self.column("mixed")), isNegated: false), .isNull(bad, isNegated: true),
        ]
        for expression in refused {
            let found = checked(expression, table, seed)
            #expect(found != nil && found == failure(expression, table, seed: seed), "\(expression)")
        }
        for expression in [
            good, like(Self.seed("category")), .isNull(Self.column("mixed"), isNegated: true),
            .comparison(.less, Self.seed("id"), .parameter(name: "p", position: 0)),
        ] { #expect(checked(expression, table, seed) == nil) }
        // The first query may have any row, or none.
        #expect(checked(Self.seed("price"), table) == FilterFailure(.seedWithoutRow, at: 4))
    }

    private func rows(
        _ expression: FilterExpression, _ table: FilterTable, seed: FilterSeed? = nil
    ) throws -> [Int] {
        var program = try FilterProgram(expression, over: table, seed: seed)
        while !program.step(rowCount: 1) {}
        let rows = program.rows
        return (0..<3).filter { rows[$0] }
    }

    @Test func unknownNamesAreRefusedWithTheNearestOnes() {
        let found = failure(Self.column("prise"), table())
        #expect(found?.position == 3)
        guard case .unknownColumn("prise", let known)? = found?.reason else {
            Issue.record("\(String(describing: found))")
            return
        }
        #expect(known.first == "price" && Set(known) == ["price", "category", "id"])
        let set = failure(.inSet(Self.column("price"), .init("tag", at: 7), isNegated: false), table())
        #expect(set == FilterFailure(.unknownSet("tag", known: ["tags"]), at: 7))
        let value = failure(.parameter(name: "most", position: 5), table())
        #expect(value == FilterFailure(.missingValue("most", bound: []), at: 5))
    }

    /// A table of values where a column stands, and the other way round: neither is unknown.
    @Test func aTableOfValuesIsNoColumn() {
        let table = table()
        let tags = failure(Self.column("TAGS"), table)
        #expect(tags == FilterFailure(.setAsColumn("tags", ofSeed: false), at: 3))
        #expect(
            tags?.description(in: "10 = TAGS")
                == "at byte 3, \"tags\" is a table of values: write 'x' IN tags: 10 = TAGS")
        let seed = failure(Self.seed("tags"), table, seed: FilterSeed(table, row: 0))
        #expect(seed == FilterFailure(.setAsColumn("tags", ofSeed: true), at: 4))
        #expect(
            seed?.description == "at byte 4, \"seed.tags\" is a table of values: seed. has columns alone")
        for name in ["Category", "id"] {
            let set = failure(.inSet(Self.column("price"), .init(name, at: 7), isNegated: true), table)
            #expect(set == FilterFailure(.columnAsSet(name.lowercased()), at: 7))
        }
        #expect(
            FilterFailure(.columnAsSet("a b"), at: 7).description
                == "at byte 7, \"a b\" is a column, not a table of values: write "
                + "\"a b\" = 'x', or \"a b\" IN ('x', 'y')"
        )
    }

    @Test func seedsNeedARow() throws {
        let expression = FilterExpression.comparison(.equal, Self.column("price"), Self.seed("PRICE"))
        #expect(failure(expression, table()) == FilterFailure(.seedWithoutRow, at: 4))
        let table = table()
        #expect(try rows(expression, table, seed: FilterSeed(table, row: 0)) == [0])
        // NULL equals nothing: a row without the value, a row without an entry, and no row.
        for row in [1, 2, nil] as [UInt32?] {
            #expect(try rows(expression, table, seed: FilterSeed(table, row: row)) == [])
            #expect(
                try rows(
                    .isNull(Self.seed("price"), isNegated: false), table, seed: FilterSeed(table, row: row))
                    == [0, 1])
        }
        func values(_ expression: FilterExpression, _ seed: FilterSeed?) throws -> [AttributeValue] {
            try FilterNames.seedColumns(of: expression, in: table).map { try $0.value(of: seed) }
        }
        #expect(try values(expression, FilterSeed(table, row: 0)) == [.integer(1)])
        // Each column once, whatever the case of its name.
        #expect(
            try values(
                .and(
                    Self.seed("category"),
                    .or(Self.seed("id"), .and(Self.column("price"), Self.seed("CATEGORY")))),
                FilterSeed(table, row: 1)) == [.text(Array("b".utf8)), .integer(20)])
        #expect(throws: FilterFailure(.seedWithoutRow, at: 4)) { try values(expression, nil) }
    }

    @Test func columnsThatCannotBeComparedAreRefused() throws {
        let ordered = table {
            $0.append(
                CatalogColumn(
                    name: "name", values: .text(codes: [0, 0, 0], dictionary: TextList(["a"])),
                    present: Bitmap(count: 3, repeating: true),
                    declaration: ColumnDeclaration(.text, collation: "NOCASE")))
            $0.append(
                CatalogColumn(
                    name: "mixed", values: .text(codes: [0, 0, 0], dictionary: TextList(["1"])),
                    present: Bitmap(count: 3), storage: .unknown("it has numbers among its texts")))
        }
        for (name, reason) in [
            ("NAME", "its collation is NOCASE, and filters compare texts as bytes"),
            ("mixed", "it has numbers among its texts"),
        ] {
            let expression = FilterExpression.comparison(.equal, Self.column(name), .literal(.integer(1)))
            #expect(
                failure(expression, ordered)
                    == FilterFailure(.incomparableColumn(name, because: reason), at: 3))
        }
        // Whether there is a value is known.
        #expect(try rows(.isNull(Self.column("mixed"), isNegated: false), ordered) == [0, 1])
        #expect(try rows(.isNull(Self.column("name"), isNegated: true), ordered) == [0, 1])
    }

    /// SQLite orders texts by the bytes that it stores.
    @Test func textsInUTF16AreRefused() {
        let catalog = CatalogColumns(columns: [], idsWithoutVector: 0, rowsWithoutEntry: 0, isUTF8: false)
        let table = FilterTable(rowCount: 1, catalog: catalog, ids: IDList.numbers([1]))
        let found = failure(.literal(.integer(1)), table)
        guard case .unsupported(_, let wanted)? = found?.reason else {
            Issue.record("\(String(describing: found))")
            return
        }
        #expect(wanted.contains("PRAGMA encoding = 'UTF-8'"))
    }

    @Test func rowsWithoutAnEntryPassNoFilter() throws {
        #expect(try rows(.literal(.integer(1)), table()) == [0, 1])
        #expect(try rows(.isNull(Self.column("price"), isNegated: false), table()) == [1])
        #expect(try rows(.comparison(.greater, Self.column("id"), .literal(.integer(10))), table()) == [1])
        let tagged = FilterExpression.inSet(
            .literal(.text(Array("gift".utf8))), .init("TAGS", at: 0), isNegated: false)
        #expect(try rows(tagged, table()) == [0])
        #expect(try rows(.not(tagged), table()) == [1])
    }

    @Test func patternsAreConstant() {
        func like(_ pattern: FilterExpression, escape: FilterExpression? = nil) -> FilterExpression {
            .pattern(.like, Self.column("category"), pattern, escape: escape, isNegated: false, position: 9)
        }
        #expect(
            failure(like(Self.column("category")), table())
                == FilterFailure(
                    .unsupported(
                        "patterns that differ from row to row", wanted: "write a literal or a bound value"),
                    at: 9))
        #expect(failure(like(.literal(.text([0x25]))), table()) == nil)
        let long = [UInt8](repeating: 0x25, count: Limits.patternBytesMax + 1)
        #expect(failure(like(.literal(.text(long))), table())?.position == 9)
        #expect(failure(like(.literal(.text(Array(long.dropLast())))), table()) == nil)
        let pattern = FilterExpression.literal(.text([0x25]))
        #expect(failure(like(pattern, escape: .literal(.text([0x21, 0x21]))), table())?.position == 9)
        #expect(failure(like(pattern, escape: .literal(.text([0x21]))), table()) == nil)
        let null = FilterExpression.literal(.null)
        #expect(failure(like(null, escape: .literal(.text([0x21, 0x21]))), table())?.position == 9)
        #expect(failure(like(null, escape: null), table()) == nil)
    }
}
