/// Checks the histogram against a sorted list of the same durations.
enum HistogramCheck {
    /// Greatest relative error: the width of a bucket.
    private static let errorMax = 1.0 / 1_024
    private static let shares = [0, 0.001, 0.5, 0.9, 0.99, 0.999, 1]

    /// Compares percentiles of durations over nine powers of ten, recorded in two merged histograms.
    static func run() -> Check {
        var source = RandomSource(seed: 7)
        var durations: [Int64] = [0, 1, 2_047, 2_048, 2_049, Histogram.nanosecondsMax]
        var histogram = Histogram()
        for _ in 0..<20_000 {
            durations.append(
                Int64(source.next() >> 22 & (1 << UInt64.random(in: 1...41, using: &source) - 1)))
        }
        var other = Histogram()
        for (index, duration) in durations.enumerated() {
            if index % 3 == 0 {
                other.record(nanoseconds: duration)
            } else {
                histogram.record(nanoseconds: duration)
            }
        }
        histogram.merge(other)
        durations.sort()
        var differences: [String] = []
        for share in shares {
            let rank = max(1, Int((share * Double(durations.count)).rounded(.up)))
            let wanted = durations[rank - 1]
            let found = histogram.value(atShare: share)
            if found < wanted || Double(found - wanted) > Double(wanted) * errorMax {
                differences.append("\(share): \(found) ns, wanted \(wanted) ns")
            }
        }
        return Check(
            none: "of \(shares.count) percentiles, those off by more than 1/1,024 from a sorted list",
            found: differences.count, example: differences.first)
    }
}
