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
