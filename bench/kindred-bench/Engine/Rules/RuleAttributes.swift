import KindredDomain

/// The attributes of drawn items: uniform numbers, and brands of two laws.
struct RuleAttributes {
    /// Uniform in `0 ..< shareCount`: a filter on it keeps the share of the rows that it names.
    let share: [Int64]
    /// Uniform in 0 ..< 100.
    let price: [Double]
    /// Uniform in `0 ..< seasonCount`.
    let season: [Int64]
    /// Uniform in `0 ..< stockCount`.
    let stock: [Int64]
    /// All brands equally often.
    let brand: [UInt32]
    /// A few makers often and many rarely: the number of one is the square of a uniform number.
    let maker: [UInt32]
    /// The popularity.
    let sold: [Int64]

    static let shareCount: UInt64 = 1_000
    static let seasonCount: UInt64 = 4
    static let stockCount: UInt64 = 50
    static let brandCount: UInt64 = 1_000
    private static let priceMax = 100.0
    private static let soldCount: UInt64 = 100_000

    /// The attributes of `rows` items. The same number gives the same ones.
    init(rows: Int) {
        var source = RandomSource(seed: 31)
        func below(_ count: UInt64) -> UInt64 { source.next() % count }
        func uniform() -> Double { Double(source.next() >> 11) * 0x1p-53 }
        share = (0..<rows).map { _ in Int64(below(Self.shareCount)) }
        price = (0..<rows).map { _ in uniform() * Self.priceMax }
        season = (0..<rows).map { _ in Int64(below(Self.seasonCount)) }
        stock = (0..<rows).map { _ in Int64(below(Self.stockCount)) }
        brand = (0..<rows).map { _ in UInt32(below(Self.brandCount)) }
        maker = (0..<rows).map { _ in
            let place = uniform()
            return UInt32(place * place * Double(Self.brandCount))
        }
        sold = (0..<rows).map { _ in Int64(below(Self.soldCount)) }
    }

    /// The name of a brand, and of a maker.
    static func name(_ number: UInt32) -> String { "brand \(number)" }

    /// The items' catalog.
    var catalog: CatalogColumns {
        func column(
            _ name: String, _ affinity: ColumnDeclaration.Affinity, _ values: CatalogValues
        ) -> CatalogColumn {
            CatalogColumn(
                name: name, values: values, present: Bitmap(count: share.count, repeating: true),
                declaration: ColumnDeclaration(affinity))
        }
        // A dictionary is in ascending order of bytes.
        let names = (0..<UInt32(Self.brandCount)).map { Self.name($0) }
        let order = names.indices.sorted { names[$0].utf8.lexicographicallyPrecedes(names[$1].utf8) }
        var codes = Array(repeating: UInt32(0), count: names.count)
        for (code, number) in order.enumerated() { codes[number] = UInt32(code) }
        let dictionary = TextList(order.map { names[$0] })
        func texts(_ numbers: [UInt32]) -> CatalogValues {
            .text(codes: numbers.map { codes[Int($0)] }, dictionary: dictionary)
        }
        return CatalogColumns(
            columns: [
                column("share", .integer, .integers(share)), column("price", .real, .reals(price)),
                column("season", .integer, .integers(season)), column("stock", .integer, .integers(stock)),
                column("brand", .text, texts(brand)), column("maker", .text, texts(maker)),
                column("sold", .integer, .integers(sold)),
            ], idsWithoutVector: 0, rowsWithoutEntry: 0)
    }
}
