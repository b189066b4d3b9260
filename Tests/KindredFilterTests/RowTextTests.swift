import KindredDomain
import KindredFilter
import TestSupport
import Testing

/// Long texts among the constants of a filter: what rows read again is counted and bounded.
@Suite struct RowTextTests {
    private static let rowCount = 640

    private func table() -> FilterTable {
        func column(_ name: String, _ factor: Int) -> CatalogColumn {
            CatalogColumn(
                name: name, values: .integers((0..<Self.rowCount).map { Int64($0 * factor % 100) }),
                present: Bitmap(count: Self.rowCount, repeating: true),
                declaration: ColumnDeclaration(.integer))
        }
        return FilterTable(
            rowCount: Self.rowCount,
            catalog: CatalogColumns(
                columns: [column("price", 7), column("stock", 3)], idsWithoutVector: 0, rowsWithoutEntry: 0),
            ids: IDList.numbers((0..<Self.rowCount).map { UInt64($0) }))
    }

    private func program(_ text: String, _ value: String) throws(FilterFailure) -> FilterProgram {
        let parameters = [FilterParameter("p", .text(Array(value.utf8)))]
        return try FilterProgram(
            FilterParser.parse(Filter(text, parameters: parameters)), parameters: parameters, over: table())
    }

    private func run(_ text: String, _ value: String) throws -> (steps: Int, rows: Bitmap) {
        var program = try program(text, value)
        var steps = 1
        while !program.step(rowCount: 10_000) { steps += 1 }
        #expect(program.failure == nil)
        return (steps, program.rows)
    }

    private static func digits(_ count: Int) -> String { String(repeating: "0", count: count - 1) + "3" }

    /// Numbers in texts are read once, however often and wherever they stand.
    @Test(arguments: [
        "price + :p > stock", "price * stock < 50 * :p + :p", "-:p < price - stock",
        "(price > stock) = (:p AND stock > :p)", "price - stock BETWEEN +:p + 0 AND 9 + :p",
    ])
    func numbersInTextsAreReadOnce(text: String) throws {
        let (short, long) = (try run(text, "3"), try run(text, Self.digits(16_000)))
        #expect(long.steps <= short.steps + 1, "\(short.steps) and \(long.steps) steps")
        #expect(long.rows == short.rows)
    }

    /// Texts that are no numbers are read again: each row takes longer, so that a step judges fewer.
    @Test func longTextsMakeStepsOfFewRows() throws {
        let text = "price + stock < :p OR price * stock = :p"
        let (short, long) = (try run(text, "x"), try run(text, String(repeating: "x", count: 16_000)))
        #expect(long.steps >= Self.rowCount && short.steps < Self.rowCount / 4)
        #expect(long.rows == short.rows)
    }

    /// At the edge: as many bytes as a row may read, and one more.
    @Test func whatARowReadsIsBounded() throws {
        let most = Limits.rowTextBytesMax
        let one = String(repeating: "x", count: most / 4)
        let term = "price + stock = :p"
        let four = Array(repeating: term, count: 4).map { "(\($0))" }.joined(separator: " + ")
        #expect(try run("\(four) > 3", one).rows.population == 0)
        #expect(throws: FilterFailure.self) { _ = try program("\(four) > 3", one + "x") }
        // As terms of an AND each is a condition of its own.
        let terms = Array(repeating: term, count: 4).joined(separator: " AND ")
        #expect(try run(terms, one + "x").rows.population == 0)
    }
}
