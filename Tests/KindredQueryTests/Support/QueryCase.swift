import KindredDomain
import KindredModel
import KindredQuery
import TestSupport

/// A random planned query: vector, similarity, k, minimum score, exclusions, eligible rows and path.
struct QueryCase: CustomStringConvertible {
    private(set) var vector: [Float]
    private(set) var similarity: Similarity
    private var k: Int
    private(set) var minimumScore = -Float.infinity
    private var excluded: Set<Int> = []
    private var eligible: Set<Int>?
    private var path: PathKind
    /// Number of queries that share the eligible rows, for the planner.
    private var sharerCount: Int

    private enum PathKind: CaseIterable { case blas, int8, gather, auto }

    init(rows: [[Float]], shape: VectorShape, oracle: Oracle, using generator: inout SeededGenerator) {
        let dimension = rows[0].count
        // The int8 path half of the time: it is the most complex one.
        path = Bool.random(using: &generator) ? .int8 : PathKind.allCases.randomElement(using: &generator)!
        sharerCount = [1, 32].randomElement(using: &generator)!
        similarity = Similarity.allCases.randomElement(using: &generator)!
        k = min(1 << Int.random(in: 0...13, using: &generator), rows.count)
        k = Int.random(in: 1...k, using: &generator)
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: vector = Array(repeating: 0, count: dimension)
        case 1: vector = rows.randomElement(using: &generator)!
        case 2: vector = rows.randomElement(using: &generator)!.map { -$0 }
        case 3: vector = VectorShape.denormal.rows(count: 1, dimension: dimension, using: &generator)[0]
        case 4:
            vector = VectorShape.flat.rows(count: 1, dimension: dimension, using: &generator)[0].map {
                $0 * 0x1p50
            }
        case 5:
            vector = Array(repeating: 0, count: dimension)
            vector[Int.random(in: 0..<dimension, using: &generator)] = 1
        default:
            let kind = Bool.random(using: &generator) ? shape : .flat
            vector = kind.rows(count: 1, dimension: dimension, using: &generator)[0]
        }
        // A query of norm 0 has no cosine and is refused before it is planned.
        if Oracle.sum(vector, vector) == 0 { similarity = .dot }
        if Bool.random(using: &generator) {
            let density = [0.0, 0.001, 0.01, 0.1, 0.5, 0.9, 1].randomElement(using: &generator)!
            eligible = Set(rows.indices.filter { _ in generator.uniform() <= density })
        }
        if Int.random(in: 0..<3, using: &generator) == 0 {
            let share = [0.001, 0.1, 0.9].randomElement(using: &generator)!
            excluded = Set(rows.indices.filter { _ in generator.uniform() <= share })
            for best in oracle.best(vector, k: 12, similarity: similarity) { excluded.insert(best.row) }
        }
        if Int.random(in: 0..<3, using: &generator) == 0 {
            let scores = oracle.best(vector, k: rows.count, similarity: similarity).map(\.score)
            minimumScore = scores[Int.random(in: 0..<min(rows.count, 2 * k), using: &generator)]
            if Bool.random(using: &generator) { minimumScore = minimumScore.nextUp }
        }
    }

    func planned(over side: GenerationSide) -> PlannedQuery {
        var exclusions = Exclusions()
        if !excluded.isEmpty {
            let rows = RowSet(capacity: excluded.count)
            for row in excluded { rows.insert(UInt32(row)) }
            exclusions.own = rows
        }
        let list = RowSet(capacity: side.table.count)
        for row in eligible.map(Array.init) ?? Array(0..<side.table.count) { list.insert(UInt32(row)) }
        let planner = ScanPlanner(side: side, mode: .auto)
        let scanned: Eligibility.Source =
            eligible == nil ? .all : .masked(RowMask(rows: list.rows, codes: side.codes))
        let source: Eligibility.Source
        let planned: PlannedQuery.Path
        switch path {
        case .blas: (source, planned) = (scanned, .blas)
        case .int8: (source, planned) = (scanned, .int8)
        case .gather: (source, planned) = (.listed(list), .gather)
        case .auto:
            source =
                eligible == nil ? .all : planner.source(of: list, sharerCount: sharerCount, fetchCount: k)
            planned = planner.path(fetchCount: k, source: source)
        }
        return PlannedQuery(
            ranking: RankingVector(QueryVector(made: vector), similarity: similarity), fetchCount: k,
            minimumScore: minimumScore,
            eligibility: Eligibility(
                source: source, exclusions: exclusions, count: list.rows.count { !excluded.contains(Int($0)) }
            ),
            path: planned)
    }

    /// True where the row may be in the answer.
    func isEligible(_ row: Int) -> Bool { !excluded.contains(row) && eligible?.contains(row) ?? true }

    func answer(_ oracle: Oracle) -> [(row: Int, score: Float)] {
        oracle.best(vector, k: k, similarity: similarity, minimumScore: minimumScore) { isEligible($0) }
    }

    var description: String {
        "\(path), \(similarity), k \(k), minimum \(minimumScore), \(excluded.count) excluded, "
            + "\(eligible.map { "\($0.count)" } ?? "all") eligible, vector \(vector.prefix(4))..."
    }
}
