import KindredDomain
import KindredModel
import KindredQuery
import KindredSystem

/// Rows and queries of one kind, ready for scans.
final class EngineModel: Sendable {
    /// Number of queries in every measurement of a model, so that batches of all sizes have the same ones.
    static let queryCount = 128

    let kind: VectorKind
    let generation: Generation
    let side: GenerationSide
    let queries: [QueryVector]

    /// Draws and encodes `rows` vectors. The same arguments give the same vectors.
    convenience init(_ kind: VectorKind, rows: Int, dimension: Int, shipped: String, team: ThreadTeam) throws
    {
        try self.init(
            kind, laws: try VectorDistributions(kind, dimension: dimension, shipped: shipped), rows: rows,
            dimension: dimension, team: team)
    }

    /// Draws from given distributions.
    convenience init(
        _ kind: VectorKind, laws: VectorDistributions, rows: Int, dimension: Int, team: ThreadTeam
    )
        throws
    {
        try self.init(
            kind, vectors: try laws.rows.rows(rows, seed: 11, team: team), rows: rows, dimension: dimension,
            queries: try Self.drawQueries(Self.queryCount, laws: laws, team: team))
    }

    /// Draws queries. The first ones do not depend on `count`.
    static func drawQueries(_ count: Int, laws: VectorDistributions, team: ThreadTeam) throws -> [[Float]] {
        try laws.queries.vectors(count, seed: 12, team: team)
    }

    /// Uses given vectors, row-major.
    init(_ kind: VectorKind, vectors: MemoryRegion, rows: Int, dimension: Int, queries: [[Float]]) throws {
        guard let name = ModelName("engine") else { preconditionFailure("a well-formed name") }
        let table = try VectorTable(
            side: .items, ids: IDTable(ids: .numbers((0..<UInt64(rows)).map { $0 })), dimension: dimension,
            vectors: RegionColumn(vectors), metric: .dot, file: "items")
        let manifest = Manifest(
            model: name, version: 1, created: "2000-01-01T00:00:00Z", metric: .dot, dimension: dimension,
            fingerprint: Array(repeating: 0, count: 16), trainingID: nil,
            items: Manifest.Rows(count: UInt64(rows), idKind: .number), users: nil, files: [])
        generation = try Generation(
            version: LoadedVersion(
                name: name, version: 1, directory: "", manifest: manifest, items: table, users: nil,
                catalogPath: nil), itemCatalog: nil, userCatalog: nil
        ) { _, _ in }
        guard let side = generation.side(.items) else {
            preconditionFailure("a model with items has that side")
        }
        self.side = side
        self.kind = kind
        self.queries = queries.map { QueryVector(made: $0) }
    }

    /// The first `count` queries, planned; repeated where there are fewer.
    func planned(
        _ count: Int, k: Int, path: PlannedQuery.Path, eligibility: Eligibility? = nil
    ) -> [PlannedQuery] {
        (0..<count).map {
            PlannedQuery(
                ranking: RankingVector(queries[$0 % queries.count], similarity: .dot), fetchCount: k,
                eligibility: eligibility ?? Eligibility(count: side.table.count), path: path)
        }
    }

    /// Bytes of a model of this size, which is also the extra memory for building it.
    static func byteCount(rows: Int, dimension: Int) -> Int {
        // Vectors, codes, norms in both widths, ids twice, order and positions.
        rows * (dimension * 5 + 48)
    }
}
