import KindredTerminal

/// One measurement against another of the same rounds, and what it should come to.
struct RatioRow: Encodable, Sendable {
    let name: String
    /// Of the medians.
    let ratio: Double
    /// The distance of the quartiles of the rounds' ratios, as a share of the ratio.
    let noise: Double
    let goal: String
    let isMet: Bool
    /// The times themselves, and of what.
    let detail: String
    let checksum: String

    static let titles = ["measured", "ratio", "noise", "goal", "", "checksum", "how"]

    var cells: [String] {
        [name, ratio.fixed(2), noise.percent, goal, isMet ? "met" : "not met", checksum, detail]
    }
}
