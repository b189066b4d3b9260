import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery
import KindredSystem

/// Drawn items with attributes, and users who have seen some of them: what every rule of RECOMMEND needs, in this
/// process. Ids are rows.
final class RulesModel {
    static let userCount = EngineModel.queryCount
    /// Items that each user has seen.
    static let seenCount = 500
    /// Of these, the items that are drawn from the user's best ones: a model is trained on what its users have bought,
    /// so that these stand in front.
    private static let seenFavourites = 250
    /// The best items that favourites are drawn from.
    private static let favouritesMax = 1_000
    /// Items of a visitor without a vector.
    static let clickCount = 5
    /// Bytes of kept masks.
    private static let filterCacheByteCount = 32 << 20
    static let foldIn = (alpha: 20.0, lambda: 10.0)
    private static let seed: UInt64 = 32

    let kind: VectorKind
    let rows: Int
    let dimension: Int
    let generation: Generation
    let items: VectorTable
    let users: VectorTable
    let attributes: RuleAttributes
    /// By user, ascending rows.
    let seen: [[UInt32]]
    /// By visitor, distinct rows.
    let clicks: [[UInt32]]

    /// Draws a model. The same arguments give the same one.
    init(_ kind: VectorKind, rows: Int, dimension: Int, shipped: String, team: ThreadTeam) throws {
        self.kind = kind
        self.rows = rows
        self.dimension = dimension
        let laws = try VectorDistributions(kind, dimension: dimension, shipped: shipped)
        let queries = try EngineModel.drawQueries(Self.userCount, laws: laws, team: team)
        attributes = RuleAttributes(rows: rows)
        items = try VectorTable(
            side: .items, ids: IDTable(ids: .numbers((0..<UInt64(rows)).map { $0 })), dimension: dimension,
            vectors: RegionColumn(try laws.rows.rows(rows, seed: 11, team: team)), metric: .dot, file: "items"
        )
        users = try VectorTable(
            side: .users, ids: IDTable(ids: .numbers((0..<UInt64(Self.userCount)).map { $0 })),
            dimension: dimension, elements: queries.flatMap { $0 })
        var source = RandomSource(seed: Self.seed)
        let items = items
        seen = queries.map { Self.seen(by: $0, of: items, &source) }
        clicks = (0..<Self.userCount).map { _ in Self.draw(Self.clickCount, below: rows, &source) }
        let catalog = attributes.catalog
        guard let name = ModelName("rules") else { preconditionFailure("a well-formed name") }
        var manifest = Manifest(
            model: name, version: 1, created: "2000-01-01T00:00:00Z", metric: .dot, dimension: dimension,
            fingerprint: Array(repeating: 0, count: 16), trainingID: nil,
            items: Manifest.Rows(count: UInt64(rows), idKind: .number),
            users: Manifest.Rows(count: UInt64(Self.userCount), idKind: .number), files: [])
        manifest.popularityColumn = "sold"
        let version = try LoadedVersion(
            name: name, version: 1, directory: "", manifest: manifest, items: items, users: users,
            seen: try SeenPairs(lists: seen, itemCount: rows), catalogPath: nil)
        let factors = try FoldInFactors(
            items: items,
            parameters: try FoldInParameters(alpha: Self.foldIn.alpha, lambda: Self.foldIn.lambda),
            file: "manifest.json")
        generation = try Generation(
            version: version, itemCatalog: catalog, userCatalog: nil,
            popularity: try Popularity.of(version, catalog: catalog), foldInFactors: factors,
            filterMasks: FilterMaskStore(byteCountMax: Self.filterCacheByteCount)
        ) { _, _ in }
    }

    /// What a user has seen: half of it from the user's best items, half from all.
    private static func seen(
        by query: [Float], of items: VectorTable, _ source: inout RandomSource
    ) -> [UInt32] {
        var best = TopRows(k: min(favouritesMax, items.count), minimumScore: -.infinity)
        let tile = 4_096
        var scores = Array(repeating: Float(0), count: tile)
        for first in stride(from: 0, to: items.count, by: tile) {
            let count = min(tile, items.count - first)
            BLAS.products(
                queries: query, queryCount: 1, rows: items.vectors + first * items.dimension, rowCount: count,
                dimension: items.dimension, into: &scores)
            for place in 0..<count { best.offer(score: scores[place] + 0, row: UInt32(first + place)) }
        }
        let favourites = best.finish()
        var rows: Set<UInt32> = []
        for place in draw(seenFavourites, below: favourites.count, &source) {
            rows.insert(favourites[Int(place)].row)
        }
        while rows.count < seenCount { rows.insert(UInt32(source.next() % UInt64(items.count))) }
        return rows.sorted()
    }

    /// Distinct numbers below `limit`, ascending.
    private static func draw(_ count: Int, below limit: Int, _ source: inout RandomSource) -> [UInt32] {
        var numbers: Set<UInt32> = []
        while numbers.count < count { numbers.insert(UInt32(source.next() % UInt64(limit))) }
        return numbers.sorted()
    }

    /// Bytes of a model of this size, with the extra memory for making it and for its attributes.
    static func byteCount(rows: Int, dimension: Int) -> Int {
        EngineModel.byteCount(rows: rows, dimension: dimension) + rows * 256
    }
}
