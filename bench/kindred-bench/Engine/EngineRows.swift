import Foundation
import KindredTerminal

/// The measurement of one setting of the grid.
struct EngineRow: Codable, Sendable {
    let data: VectorKind
    let rows: Int
    let dimension: Int
    let batch: Int
    let k: Int
    let path: EnginePath
    let threads: String
    /// Of the median round.
    let queriesPerSecond: Double
    let microsecondsPerQuery: Double
    /// Of the best round.
    let microsecondsPerQueryBest: Double
    /// The interquartile range of the rounds as a share of the median.
    let noise: Double
    /// The shortest time that the hardware allows, as a share of the best round's time.
    let shareOfLimit: Double?
    let limit: String
    let rowsRescoredPerQuery: Double
    let shareOfRowsPruned: Double
    /// Checksum of the answers to the first queries, which are the same for all settings with the same data and k.
    let checksum: String
    /// Number of queries whose answers were compared with those of other settings.
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
    /// The number with about three significant digits.
    fileprivate var threeDigits: String {
        magnitude >= 100 ? Int(rounded()).groupedDigits : fixed(magnitude >= 10 ? 1 : 2)
    }
}

/// The ratio of two measurements of the same rounds, and its goal.
struct RatioRow: Encodable, Sendable {
    let name: String
    /// Ratio of the medians.
    let ratio: Double
    /// The interquartile range of the rounds' ratios as a share of the ratio.
    let noise: Double
    let goal: String
    let isMet: Bool
    /// The measured values as text.
    let detail: String
    let checksum: String

    static let titles = ["measured", "ratio", "noise", "goal", "", "checksum", "how"]

    var cells: [String] {
        [name, ratio.fixed(2), noise.percent, goal, isMet ? "met" : "not met", checksum, detail]
    }
}

/// The measurement of another program with the same vectors in the same run.
struct PeerRow: Encodable, Sendable {
    let name: String
    let rows: Int
    let dimension: Int
    let batch: Int
    let threads: Int
    let queriesPerSecond: Double
    let noise: Double
    /// The share of its ids that Kindred finds too; nil where they were not compared.
    let recall: Double?

    static let titles = ["peer", "rows", "d", "batch", "threads", "queries/s", "noise", "same ids"]

    var cells: [String] {
        [
            name, rows.groupedDigits, "\(dimension)", "\(batch)", "\(threads)",
            queriesPerSecond >= 1_000 ? Int(queriesPerSecond).groupedDigits : queriesPerSecond.fixed(1),
            noise.percent, recall.map { $0.fixed(6) } ?? "-",
        ]
    }
}
