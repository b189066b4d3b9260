import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Windows that end at the greatest k, under rules that need more rows than are wanted: the oracle's rows to the bit.
@Suite struct WideWindowTests {
    private static let rowCount = 12_300
    private static let end = Int(Limits.standard.kMax)
    private static let brandCount = 700

    private let rows: [[Float]]
    private let brands: [Int]
    private let generation: Generation
    private var generator: SeededGenerator

    init() throws {
        var random = SeededGenerator.announced()
        rows = VectorShape.flat.rows(count: Self.rowCount, dimension: 5, using: &random)
        // Few brands have most rows.
        brands = (0..<Self.rowCount).map { _ in
            Int(Double(Self.brandCount) * random.uniform() * random.uniform())
        }
        let column = CatalogColumn(
            name: "brand", values: .integers(brands.map { Int64($0) }),
            present: Bitmap(count: Self.rowCount, repeating: true), declaration: ColumnDeclaration(.integer))
        let sold = CatalogColumn(
            name: "sold", values: .integers((0..<Int64(Self.rowCount)).map { $0 * 7 % 1_009 }),
            present: Bitmap(count: Self.rowCount, repeating: true), declaration: ColumnDeclaration(.integer))
        generation = try Generation.sample(
            items: rows, users: [rows[0]], metric: .dot,
            itemCatalog: CatalogColumns(
                columns: [column, sold], idsWithoutVector: 0, rowsWithoutEntry: 0),
            popularityColumn: "sold", filterCacheByteCount: 1 << 20)
        generator = random
    }

    /// The rules over one statement of the oracle.
    private func check(
        offset: Int, cap: Int? = nil, boosts: Bool = false, filter: Bool = false, count: Int = 2,
        isDistinct: Bool = false, scan: ScanMode = .auto, at location: SourceLocation = #_sourceLocation
    ) throws {
        var random = generator
        let queries = VectorShape.flat.rows(count: count, dimension: 5, using: &random)
        var statement = RulesOracle(Oracle(rows: rows))
        (statement.k, statement.offset) = (Self.end - offset, offset)
        var request = RecommendRequest(
            scope: QueryScope(
                queries: .vectors(elements: queries.flatMap { $0 }, count: count), target: .items,
                similarity: .dot), k: UInt32(Self.end - offset))
        var rules = RecommendRules()
        rules.offset = UInt32(offset)
        rules.isDistinct = isDistinct
        if let cap {
            rules.caps = [GroupCap("brand", atMost: UInt32(cap))]
            statement.caps = [.init(groups: brands.map { [$0] }, most: cap)]
        }
        if boosts {
            rules.boosts = [BoostRule(where: "brand < 100", .multiply(1.5))]
            statement.boosts = [
                .init(.multiply(1.5), rows: Set(brands.indices.filter { brands[$0] < 100 }))
            ]
        }
        if filter { rules.filter = "brand <> 3" }
        request.rules = rules
        let response = try answer(request, generation, scan: scan, workerCount: 2, using: &random)
        var returned: Set<Int> = []
        for (index, query) in queries.enumerated() {
            let wanted = statement.answer(query, similarity: .dot, minimumScore: -.infinity) { row in
                !(isDistinct && returned.contains(row)) && !(filter && brands[row] == 3)
            }
            let found = Int(response.offsets[index])..<Int(response.offsets[index + 1])
            let isEqual =
                response.ids.ids[found] == wanted.map { .number(UInt64($0.row) * 3) }[...]
                && response.scores[found].map(\.bitPattern) == wanted.map(\.score.bitPattern)
            #expect(isEqual, "seed \(random.seed), query \(index)", sourceLocation: location)
            returned.formUnion(wanted.map(\.row))
        }
    }

    @Test func windowsWithoutOtherRules() throws {
        for mode in [ScanMode.auto, .blas, .int8] {
            try check(offset: Self.end - 10, scan: mode)
            try check(offset: 0, scan: mode)
        }
    }

    @Test func capsThatLeaveMoreAndFewerRows() throws {
        for cap in [1, 40, 200] {
            try check(offset: 0, cap: cap)
            try check(offset: Self.end - 10, cap: cap)
        }
    }

    @Test func boostsAndFilters() throws {
        try check(offset: 0, boosts: true)
        try check(offset: Self.end - 10, cap: 200, boosts: true, filter: true)
        try check(offset: 100, filter: true)
    }

    /// The second query has what the first one leaves, and the third nothing.
    @Test func rowsOnceInARequest() throws {
        try check(offset: 0, count: 3, isDistinct: true)
        try check(offset: Self.end - 500, cap: 100, count: 4, isDistinct: true)
    }

    @Test func popularRows() throws {
        var random = generator
        var request = RecommendRequest(
            scope: QueryScope(queries: .users(.numbers([1])), target: .items), k: 10)
        request.scope.unknownIDs = .fallback
        request.rules = RecommendRules()
        request.rules?.offset = UInt32(Self.end - 10)
        let response = try answer(request, generation, using: &random)
        let popular = rows.indices.sorted { ($1 * 7 % 1_009, $0) < ($0 * 7 % 1_009, $1) }
        #expect(
            response.ids == .numbers(popular[Self.end - 10..<Self.end].map { UInt64($0) * 3 }))
    }
}
