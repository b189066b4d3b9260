/// Durations of one kind of request.
struct Latencies: Sendable {
    /// What is reported of them, in milliseconds.
    struct Figures: Encodable {
        let count: Int
        let min: Double
        let p50: Double
        let p99: Double
        let max: Double

        var line: String {
            count == 0
                ? "none"
                : "p50 \(p50.milliseconds)  p99 \(p99.milliseconds)  max \(max.milliseconds)"
                    + "  (\(count.groupedDigits))"
        }
    }

    private var nanoseconds: [Int64] = []

    mutating func append(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        nanoseconds.append(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    mutating func append(contentsOf other: Latencies) { nanoseconds += other.nanoseconds }

    var isEmpty: Bool { nanoseconds.isEmpty }

    /// Nearest-rank percentiles; zeros where nothing was measured.
    var figures: Figures {
        let sorted = nanoseconds.sorted()
        func rank(_ share: Double) -> Double {
            guard let last = sorted.indices.last else { return 0 }
            let index = Int((share * Double(sorted.count)).rounded(.up)) - 1
            return Double(sorted[Swift.min(last, Swift.max(0, index))]) / 1e6
        }
        return Figures(count: sorted.count, min: rank(0), p50: rank(0.5), p99: rank(0.99), max: rank(1))
    }
}
