import KindredTerminal

/// What another program reached with the same vectors in the same run.
struct PeerRow: Encodable, Sendable {
    let name: String
    let rows: Int
    let dimension: Int
    let batch: Int
    let threads: Int
    let queriesPerSecond: Double
    let noise: Double
    /// The share of its ids that are Kindred's too; nil where they were not compared.
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
