import KindredDomain
import KindredFilter
import TestSupport
import Testing

/// The estimated work of a filter is near to the steps that its evaluation takes.
@Suite struct FilterEstimateTests {
    private static let rowCount = 20_000

    /// Rows with a number, a text of few values, a text of its own each, and a set of few values.
    private func table() -> FilterTable {
        let rows = 0..<Self.rowCount
        func texts(_ name: String, count: Int) -> CatalogColumn {
            CatalogColumn(
                name: name,
                values: .text(
                    codes: rows.map { UInt32($0 % count) },
                    dictionary: TextList((0..<count).map { "t\($0 + 1_000_000)" })),
                present: Bitmap(count: Self.rowCount, repeating: true), declaration: ColumnDeclaration(.text))
        }
        let price = CatalogColumn(
            name: "price", values: .integers(rows.map { Int64($0) }),
            present: Bitmap(count: Self.rowCount, repeating: true), declaration: ColumnDeclaration(.integer))
        let tags = CatalogSet(
            name: "tags", affinity: .text, offsets: (0...Self.rowCount).map { UInt32($0) },
            codes: rows.map { UInt32($0 % 3) }, values: SetValues(texts: TextList(["a", "b", "c"])),
            nullRows: nil, entriesWithoutRow: 0)
        let catalog = CatalogColumns(
            columns: [price, texts("brand", count: 10), texts("title", count: Self.rowCount)],
            idsWithoutVector: 0, rowsWithoutEntry: 0, sets: [tags])
        return FilterTable(
            rowCount: Self.rowCount, catalog: catalog, ids: IDList.numbers(rows.map { UInt64($0) }))
    }

    @Test(arguments: [
        "price < 300", "price BETWEEN 3 AND 400 AND NOT price = 7", "brand = 't1000003'", "'a' IN tags",
        "brand LIKE '%3' OR price > 70", "title LIKE '%33%'", "title LIKE '%3' AND brand GLOB '*1'",
        "price + 1 < 300", "id LIKE '%7'", "brand < title", "price IS NULL",
        "price * 2 > 3 AND price - 1 < 20 AND price + 2 <> 8", "1 = 1",
    ])
    func nearToTheStepsOfTheEvaluation(text: String) throws {
        let (table, expression) = (table(), try FilterParser.parse(Filter(text)))
        let estimate = FilterEstimate.comparisons(of: expression, over: table)
        var program = try FilterProgram(expression, over: table)
        let size = 2_000
        var count = 1
        while !program.step(rowCount: size) { count += 1 }
        // A short filter is evaluated within few steps.
        let taken = count * size
        #expect(estimate <= 3 * taken + 10 * size, "\(estimate), \(taken)")
        #expect(taken <= 3 * estimate + 2 * Self.rowCount, "\(estimate), \(taken)")
    }
}
