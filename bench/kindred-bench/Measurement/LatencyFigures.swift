import KindredTerminal

/// What a report tells of a histogram of latencies, in milliseconds; zeros where nothing was recorded.
struct LatencyFigures: Encodable, Sendable {
    let count: UInt64
    let mean: Double
    let min: Double
    let p50: Double
    let p90: Double
    let p99: Double
    let p999: Double
    let max: Double

    init(_ histogram: Histogram) {
        func milliseconds(_ share: Double) -> Double { Double(histogram.value(atShare: share)) / 1e6 }
        count = histogram.count
        mean = histogram.mean / 1e6
        min = Double(histogram.min) / 1e6
        p50 = milliseconds(0.5)
        p90 = milliseconds(0.9)
        p99 = milliseconds(0.99)
        p999 = milliseconds(0.999)
        max = Double(histogram.max) / 1e6
    }

    static let columns = ["p50", "p90", "p99", "p99.9", "max", "requests"]

    /// A cell for each of `columns`.
    var cells: [String] { [p50, p90, p99, p999, max].map { $0.fixed(3) } + [count.groupedDigits] }

    /// The figures in one line of text.
    var line: String {
        guard count > 0 else { return "none" }
        return "p50 \(p50.millisecondsText)  p99 \(p99.millisecondsText)  max \(max.millisecondsText)"
            + "  (\(count.groupedDigits))"
    }
}

extension Histogram {
    var figures: LatencyFigures { LatencyFigures(self) }
}
