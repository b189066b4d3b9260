import KindredDomain
import KindredFilter
import KindredQuery
import TestSupport
import Testing

/// From a filter's text to the mask of a side, in steps.
@Suite struct FilterMaskEvaluationTests {
    private static let rowCount = 300

    /// Items with the ids 0, 3, 6, ... and their row as the price; every tenth has none.
    private func side() throws -> GenerationSide {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: Self.rowCount, dimension: 4, using: &generator)
        var present = Bitmap(count: Self.rowCount, repeating: true)
        for row in stride(from: 0, to: Self.rowCount, by: 10) { present[row] = false }
        let price = CatalogColumn(
            name: "price", values: .integers((0..<Int64(Self.rowCount)).map { $0 }), present: present,
            declaration: ColumnDeclaration(.integer))
        let catalog = CatalogColumns(columns: [price], idsWithoutVector: 0, rowsWithoutEntry: 0)
        return try Generation.sample(items: rows, metric: .dot, itemCatalog: catalog).items!
    }

    private func evaluation(
        _ filter: Filter, _ side: GenerationSide, _ claim: FilterMaskStore.Claim
    ) throws -> FilterMaskEvaluation {
        let program = try FilterProgram(
            FilterParser.parse(filter), parameters: filter.parameters, over: side.filterTable!)
        return FilterMaskEvaluation(program, claim: claim, codes: side.codes)
    }

    @Test(arguments: [1, 1_000_000])
    func theMaskIsThatOfTheFilter(rowCount: Int) throws {
        let side = try side()
        let cache = FilterMaskCache(store: FilterMaskStore(byteCountMax: 1 << 20), generation: 1)
        let filter = Filter(
            "price >= :least AND id < 600", parameters: [FilterParameter("least", .integer(95))])
        let key = FilterKey(filter, over: .items)
        guard case .missing(let claim) = cache.find(key, codes: side.codes) else {
            Issue.record("not missing")
            return
        }
        var evaluation = try evaluation(filter, side, claim)
        var mask: RowMask?
        while mask == nil { mask = try evaluation.step(rowCount: rowCount) }
        let wanted = (95..<200).filter { $0 % 10 != 0 }
        #expect((0..<Self.rowCount).filter { mask?.contains(row: UInt32($0)) == true } == wanted)
        #expect(mask?.count == wanted.count)
        #expect(cache.peek(key, codes: side.codes)?.count == wanted.count)
    }

    @Test func anEvaluationThatIsGivenUpLeavesItToTheNext() throws {
        let side = try side()
        let cache = FilterMaskCache(store: FilterMaskStore(byteCountMax: 1 << 20), generation: 1)
        let filter = Filter("price < 5")
        let key = FilterKey(filter, over: .items)
        func giveUp() throws {
            guard case .missing(let claim) = cache.find(key, codes: side.codes) else {
                Issue.record("not missing")
                return
            }
            var evaluation = try evaluation(filter, side, claim)
            #expect(try evaluation.step(rowCount: 1) == nil)
            guard case .busy = cache.find(key, codes: side.codes) else {
                Issue.record("not busy")
                return
            }
        }
        try giveUp()
        try giveUp()
    }
}
