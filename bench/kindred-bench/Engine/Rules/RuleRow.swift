import KindredTerminal

/// The throughput of queries with a rule beside that of queries without one, of the same rounds.
struct RuleRow: Encodable, Sendable {
    let data: VectorKind
    let rows: Int
    let dimension: Int
    let batch: Int
    let rule: String
    /// Of the best round.
    let queriesPerSecond: Double
    let microsecondsPerQuery: Double
    /// The throughput as a share of that without rules, of the best round each.
    let share: Double
    /// The interquartile range of the rounds' shares as a share of their median.
    let noise: Double
    let rowsRescoredPerQuery: Double
    /// The least share that is wanted; nil where it is only shown.
    let goal: Double?
    /// Of the answers to the first batch.
    let checksum: String
    /// Answers that were compared with those of plain code.
    let queriesCompared: Int

    var isMet: Bool? { goal.map { share >= $0 } }

    static let titles = [
        "data", "rows", "batch", "rule", "queries/s", "us/query", "share", "noise", "goal", "", "rescored",
        "checksum",
    ]

    var cells: [String] {
        [
            data.rawValue, rows.groupedDigits, "\(batch)", rule, Int(queriesPerSecond).groupedDigits,
            microsecondsPerQuery.fixed(microsecondsPerQuery < 100 ? 2 : 0), share.fixed(2), noise.percent,
            goal.map { ">= \($0.fixed(1))" } ?? "", isMet.map { $0 ? "met" : "not met" } ?? "",
            Int(rowsRescoredPerQuery.rounded()).groupedDigits, checksum,
        ]
    }
}
