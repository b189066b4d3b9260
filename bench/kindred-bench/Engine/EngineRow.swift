import Foundation
import KindredTerminal

/// What one setting of the grid gave.
struct EngineRow: Codable, Sendable {
    let data: VectorKind
    let rows: Int
    let dimension: Int
    let batch: Int
    let k: Int
    let path: EnginePath
    let threads: String
    /// In the middle round.
    let queriesPerSecond: Double
    let microsecondsPerQuery: Double
    /// In the best round.
    let microsecondsPerQueryBest: Double
    /// The distance of the quartiles of the rounds, as a share of the median.
    let noise: Double
    /// Of the best round: the least time that the hardware allows, over the time that it took.
    let shareOfLimit: Double?
    let limit: String
    let rowsRescoredPerQuery: Double
    let shareOfRowsPruned: Double
    /// Of the answers to the first queries, which every setting of the same data and k has.
    let checksum: String
    /// Queries whose answers were compared with the other settings'.
    let queriesCompared: Int

    static let titles = [
        "data", "rows", "d", "batch", "K", "path", "threads", "queries/s", "us/query", "best", "noise",
        "of limit", "", "rescored", "pruned", "checksum",
    ]

    var cells: [String] {
        [
            data.rawValue, rows.groupedDigits, "\(dimension)", "\(batch)", "\(k)", path.rawValue, threads,
            Int(queriesPerSecond).groupedDigits, microsecondsPerQuery.threeDigits,
            microsecondsPerQueryBest.threeDigits, noise.percent, shareOfLimit?.fixed(2) ?? "-", limit,
            Int(rowsRescoredPerQuery.rounded()).groupedDigits, shareOfRowsPruned.percent, checksum,
        ]
    }
}

extension Double {
    /// About three digits that matter.
    fileprivate var threeDigits: String {
        magnitude >= 100 ? Int(rounded()).groupedDigits : fixed(magnitude >= 10 ? 1 : 2)
    }
}
