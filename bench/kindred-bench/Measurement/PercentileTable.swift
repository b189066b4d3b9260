import Foundation

/// A histogram's percentiles, with rows closer together towards the longest durations.
///
/// Each halving of the distance to 100 % has five rows, as plotters of HdrHistogram's tables expect.
struct PercentileTable: Sendable {
    struct Row: Encodable, Sendable {
        let milliseconds: Double
        /// Share of all durations, 0 ... 1.
        let share: Double
        /// Number of durations up to this row's.
        let count: UInt64
    }

    private static let rowsPerHalving = 5.0

    private let histogram: Histogram
    /// Empty where nothing was recorded; the last row is that of the longest duration.
    let rows: [Row]

    init(_ histogram: Histogram) {
        self.histogram = histogram
        var rows: [Row] = []
        var share = 0.0
        while !histogram.isEmpty {
            let (value, count) = histogram.position(atShare: share)
            rows.append(Row(milliseconds: Double(value) / 1e6, share: share, count: count))
            if count == histogram.count { break }
            let halvings = (-log2(1 - share)).rounded(.down) + 1
            share += 1 / (Self.rowsPerHalving * exp2(halvings))
        }
        if let last = rows.last, last.share < 1 {
            rows.append(Row(milliseconds: Double(histogram.max) / 1e6, share: 1, count: histogram.count))
        }
        self.rows = rows
    }

    /// The columns Value (milliseconds), Percentile, TotalCount and 1/(1-Percentile), as HdrHistogram prints
    /// them.
    var text: String {
        var text = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
        for row in rows {
            text += String(format: "%12.6f %.12f %10llu", row.milliseconds, row.share, row.count)
            text += row.share < 1 ? String(format: " %14.2f\n", 1 / (1 - row.share)) : "\n"
        }
        text += String(
            format: "#[Mean    = %12.6f, StdDeviation   = %12.6f]\n", histogram.mean / 1e6,
            histogram.standardDeviation / 1e6)
        text += String(
            format: "#[Max     = %12.6f, Total count    = %12llu]\n", Double(histogram.max) / 1e6,
            histogram.count)
        return text
    }
}
