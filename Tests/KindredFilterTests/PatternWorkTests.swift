import KindredDomain
import KindredFilter
import TestSupport
import Testing

/// Patterns that would take very long are refused, and others take steps that are short.
@Suite struct PatternWorkTests {
    private static func text(_ count: Int) -> [UInt8] { Array(repeating: UInt8(ascii: "a"), count: count) }

    /// `%a…ab`: every start in the text fails at its end.
    private static func pattern(_ count: Int) -> [UInt8] {
        [UInt8(ascii: "%")] + text(count) + [UInt8(ascii: "b")]
    }

    private func table(_ texts: [[UInt8]], copies: Int = 1) throws -> FilterTable {
        let rowCount = texts.count * copies
        let sorted = texts.sorted { $0.lexicographicallyPrecedes($1) }
        let list = TextList(sorted.map { String(decoding: $0, as: UTF8.self) })
        let codes = (0..<rowCount).map { UInt32($0 % texts.count) }
        let columns = ["one", "other"].map {
            CatalogColumn(
                name: $0, values: .text(codes: codes, dictionary: list),
                present: Bitmap(count: rowCount, repeating: true), declaration: ColumnDeclaration(.text))
        }
        return FilterTable(
            rowCount: rowCount,
            catalog: CatalogColumns(columns: columns, idsWithoutVector: 0, rowsWithoutEntry: 0),
            ids: IDList.numbers((0..<rowCount).map { UInt64($0) }))
    }

    private func program(
        _ filter: String, _ pattern: [UInt8], _ table: FilterTable
    ) throws(FilterFailure) -> FilterProgram {
        let filter = Filter(filter, parameters: [FilterParameter("p", .text(pattern))])
        return try FilterProgram(FilterParser.parse(filter), parameters: filter.parameters, over: table)
    }

    @Test func stepsAreCounted() throws {
        let pattern = try TextPattern(like: Self.pattern(100))
        var steps = 1_000_000
        #expect(pattern.matches(Self.text(2_000), steps: &steps) == false)
        let taken = 1_000_000 - steps
        #expect(taken > 100 * 1_900 && taken < 110 * 2_000)
        // At the edge: as many steps as are needed, and one less.
        steps = taken
        #expect(pattern.matches(Self.text(2_000), steps: &steps) == false && steps == 0)
        steps = taken - 1
        #expect(pattern.matches(Self.text(2_000), steps: &steps) == nil)
        // The longest text with ordinary patterns is far from the limit.
        let longest = Self.text(Limits.catalogTextBytesMax)
        for ordinary in ["%ab%", "a%b%c%", "%_b", String(repeating: "%a", count: 1_000) + "b"] {
            steps = Limits.patternStepsMax
            #expect(
                try TextPattern(like: Array(ordinary.utf8)).matches(longest, steps: &steps) == false,
                "\(ordinary)")
        }
    }

    @Test(arguments: [
        "one LIKE :p", "NOT one LIKE :p", "one LIKE :p OR id < 5", "(one LIKE :p) = (other LIKE 'a')",
    ])
    func endlessPatternsAreRefused(filter: String) throws {
        let table = try table([Self.text(10), Self.text(Limits.catalogTextBytesMax)], copies: 70)
        var program = try program(filter, Self.pattern(20_000), table)
        var count = 0
        while !program.step(rowCount: 1_000) { count += 1 }
        #expect(count < 1_000)
        guard case .unsupported(let what, _)? = program.failure?.reason else {
            Issue.record("\(filter): no failure")
            return
        }
        #expect(what.contains("\(Limits.patternStepsMax) steps"))
        // A pattern that takes few steps is none of them. Row by row, each row of a text counts.
        if filter.contains("other") { return }
        var short = try self.program(filter, Self.pattern(3), table)
        while !short.step(rowCount: 1_000) {}
        #expect(short.failure == nil && short.rows.count == 140)
    }

    @Test func endlessConstantsAreRefused() throws {
        let table = try table([Self.text(1)])
        let long = FilterParameter("t", .text(Self.text(1 << 18)))
        let filter = Filter(
            ":t LIKE :p", parameters: [long, FilterParameter("p", .text(Self.pattern(20_000)))])
        #expect(throws: FilterFailure.self) {
            try FilterProgram(FilterParser.parse(filter), parameters: filter.parameters, over: table)
        }
    }

    /// The failure of a filter over a table, once it is evaluated; nil where it has none.
    private func failure(
        _ text: String, _ values: [String: [UInt8]], _ table: FilterTable, stepsOf rowCount: Int = 50_000
    ) -> FilterFailure? {
        let filter = Filter(
            text,
            parameters: values.sorted { $0.key < $1.key }.map { FilterParameter($0.key, .text($0.value)) })
        do throws(FilterFailure) {
            var program = try FilterProgram(
                FilterParser.parse(filter), parameters: filter.parameters, over: table)
            while !program.step(rowCount: rowCount) {}
            return program.failure
        } catch { return error }
    }

    private func terms(_ count: Int, _ term: String) -> String {
        Array(repeating: term, count: count).joined(separator: " OR ")
    }

    private func saysTogether(_ failure: FilterFailure?) -> Bool {
        guard case .unsupported(let what, _)? = failure?.reason else { return false }
        return what.contains("\(Limits.patternStepsPerPartMax) steps together")
    }

    /// Patterns that are allowed one by one are refused where they take too long together: over constants, over one
    /// text and over one row.
    @Test func patternsAreBoundedTogether() throws {
        let subject = Self.text(2_000)
        let table = try table([Self.text(1), subject], copies: 2)
        // Between a third and a half of the limit each.
        let values = ["p": Self.pattern(500), "t": subject]
        for term in [":t LIKE :p", "one LIKE :p"] {
            let one: [String: [UInt8]] = term.contains(":t") ? values : ["p": values["p"]!]
            #expect(failure(terms(2, term), one, table) == nil, "\(term)")
            #expect(saysTogether(failure(terms(900, term), one, table)), "\(term)")
        }
        // Row by row, whatever the size of the steps.
        let both = "(one LIKE :p) = (other LIKE 'b')"
        for rowCount in [1, 50_000, 100_000_000] {
            let pattern = ["p": values["p"]!]
            #expect(failure(terms(2, "NOT (\(both))"), pattern, table, stepsOf: rowCount) == nil)
            let found = failure(terms(40, "NOT (\(both))"), pattern, table, stepsOf: rowCount)
            #expect(saysTogether(found), "\(rowCount)")
        }
    }

    /// Rows are judged alone where they take long, so that 64 of them may take longer than one may.
    @Test(arguments: [1, 100_000_000])
    func rowsThatTakeLong(rowCount: Int) throws {
        let texts = [Self.text(1), Self.text(2_000), Array("xaaab".utf8)]
        let table = try table(texts, copies: 24)
        let pattern = Self.pattern(150)
        let filter = Filter(
            "((one LIKE :p) = (other LIKE 'b')) = (one LIKE 'a%')",
            parameters: [FilterParameter("p", .text(pattern))])
        var program = try FilterProgram(
            FilterParser.parse(filter), parameters: filter.parameters, over: table)
        while !program.step(rowCount: rowCount) {}
        #expect(program.failure == nil)
        // None matches the first two patterns: those that begin with an a pass.
        #expect((0..<72).map { program.rows[$0] } == (0..<72).map { $0 % 3 != 2 })
    }

    /// Many conditions that are evaluated row by row: a step takes few rows.
    @Test func stepsOfManyConditionsTakeFewRows() throws {
        let table = try table([Self.text(1), Self.text(2)], copies: 50)
        let both = terms(500, "one <> other") + " OR one = other AND id >= 7"
        var program = try FilterProgram(FilterParser.parse(Filter(both)), over: table)
        var count = 1
        while !program.step(rowCount: 1) { count += 1 }
        #expect(count >= 100, "a row in each step")
        #expect((0..<100).map { program.rows[$0] } == (0..<100).map { $0 >= 7 })
    }

    /// A pattern that many terms name is made once; patterns that are made again and again are refused.
    @Test func equalPatternsAreMadeOnce() throws {
        let table = try table([Self.text(1), Self.text(2)])
        let long = ["p": Self.text(Limits.patternBytesMax)]
        for term in ["one LIKE :p", "one GLOB :p", "one LIKE :p ESCAPE '!'"] {
            #expect(failure(terms(500, term), long, table) == nil, "\(term)")
        }
        let most = Limits.patternBytesPerFilterMax / Limits.patternBytesMax
        #expect(failure(terms(most, "one LIKE +:p"), long, table) == nil)
        guard case .unsupported(let what, _)? = failure(terms(most + 1, "one LIKE +:p"), long, table)?.reason
        else {
            Issue.record("no failure")
            return
        }
        #expect(what == "patterns of more than \(Limits.patternBytesPerFilterMax) bytes together")
        // LIKE and GLOB, and patterns with and without an escape, are not each other's.
        let escaped = FilterParameter("p", .text(Array("!a".utf8)))
        let filter = Filter("one LIKE :p ESCAPE '!' AND NOT one LIKE :p", parameters: [escaped])
        var program = try FilterProgram(
            FilterParser.parse(filter), parameters: filter.parameters, over: table)
        while !program.step(rowCount: 1_000) {}
        #expect(program.rows[0] && !program.rows[1])
    }

    /// A set of many characters takes as many comparisons as it has.
    @Test func setsTakeSteps() throws {
        let set = Array("*[".utf8) + Array(repeating: UInt8(ascii: "b"), count: 8_000) + Array("]".utf8)
        var steps = Limits.patternStepsMax
        #expect(try TextPattern(glob: set).matches(Self.text(200), steps: &steps) == false)
        #expect(Limits.patternStepsMax - steps > 200 * 1_000)
        #expect(try TextPattern(glob: set).matches(Self.text(2_000), steps: &steps) == nil)
    }

    /// Long texts with patterns that nearly match: many steps of the program, each of about as much work as it was
    /// asked for.
    @Test func longTextsTakeManySteps() throws {
        let texts = (0..<200).map { Self.text(1_000 + $0) }
        let table = try table(texts)
        var program = try program("one LIKE :p", Self.pattern(100), table)
        var count = 1
        while !program.step(rowCount: 10_000) { count += 1 }
        #expect(program.failure == nil && program.rows == Bitmap(count: 200))
        // 100,000 characters are compared for each text.
        #expect(count >= 190)
    }

    /// A thousand terms over one column of texts need one table.
    @Test func manyTermsOfOneColumn() throws {
        let texts = (0..<500).map { Array("t\($0)".utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        let table = try table(texts)
        let terms = (0..<1_000).map { "one='t\($0 * 2)'" }.joined(separator: " OR ")
        var program = try FilterProgram(FilterParser.parse(Filter(terms)), over: table)
        while !program.step(rowCount: 50_000) {}
        let wanted = texts.map { Int(String(decoding: $0.dropFirst(), as: UTF8.self))! % 2 == 0 }
        #expect((0..<500).map { program.rows[$0] } == wanted)
    }
}
