import KindredDomain
import KindredModel
import KindredQuery
import KindredSystem

/// Rows and queries of one kind, ready to scan.
final class EngineModel: Sendable {
    /// Queries of every measurement of a model, so that batches of any size have the same.
    static let queryCount = 128

    let kind: VectorKind
    let generation: Generation
    let side: GenerationSide
    let queries: [QueryVector]

    /// Draws and codes `rows` vectors. The same arguments give the same vectors.
    convenience init(_ kind: VectorKind, rows: Int, dimension: Int, shipped: String, crew: Crew) throws {
        try self.init(
            kind, laws: try VectorLaws(kind, dimension: dimension, shipped: shipped), rows: rows,
            dimension: dimension, crew: crew)
    }

    /// Draws from laws at hand.
    convenience init(_ kind: VectorKind, laws: VectorLaws, rows: Int, dimension: Int, crew: Crew) throws {
        try self.init(
            kind, vectors: try laws.rows.rows(rows, seed: 11, crew: crew), rows: rows, dimension: dimension,
            queries: try Self.drawQueries(Self.queryCount, laws: laws, crew: crew))
    }

    /// Queries; the first ones are the same however many are drawn.
    static func drawQueries(_ count: Int, laws: VectorLaws, crew: Crew) throws -> [[Float]] {
        try laws.queries.vectors(count, seed: 12, crew: crew)
    }

    /// Of vectors at hand, row-major.
    init(_ kind: VectorKind, vectors: MemoryRegion, rows: Int, dimension: Int, queries: [[Float]]) throws {
        guard let name = ModelName("engine") else { preconditionFailure("a well-formed name") }
        let table = try VectorTable(
            side: .items, ids: IDTable(ids: .numbers((0..<UInt64(rows)).map { $0 })), dimension: dimension,
            vectors: vectors.bytes, storage: [vectors], metric: .dot, file: "items")
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

    /// The first `count` queries, planned; the first follows the last where there are more.
    func planned(
        _ count: Int, k: Int, path: PlannedQuery.Path, eligibility: Eligibility? = nil
    ) -> [PlannedQuery] {
        (0..<count).map {
            PlannedQuery(
                ranking: RankingVector(queries[$0 % queries.count], similarity: .dot), fetchCount: k,
                eligibility: eligibility ?? Eligibility(count: side.table.count), path: path)
        }
    }

    /// Bytes that a model of this size takes, and as much again as its making needs for a moment.
    static func byteCount(rows: Int, dimension: Int) -> Int {
        // Vectors, codes, norms in both widths, ids twice, order and positions.
        rows * (dimension * 5 + 48)
    }
}
