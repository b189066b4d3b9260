/// Times of a piece of work, one per round, in seconds per operation.
struct Samples: Encodable, Sendable {
    private(set) var seconds: [Double] = []

    private enum CodingKeys: String, CodingKey { case best, median, spread, rounds }

    mutating func append(_ value: Double) { seconds.append(value) }

    /// The shortest time: the work without disturbance. Infinite where nothing was measured.
    var best: Double { seconds.min() ?? .infinity }

    /// The median. Infinite where nothing was measured.
    var median: Double { seconds.median ?? .infinity }

    /// The noise: the interquartile range as a share of the median.
    var spread: Double { seconds.spread }

    /// The ratio of the medians of two measurements of the same rounds, with the spread of the rounds' ratios.
    func ratio(to other: Samples) -> (median: Double, spread: Double) {
        (median / other.median, zip(seconds, other.seconds).map { $0 / $1 }.spread)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(best, forKey: .best)
        try container.encode(median, forKey: .median)
        try container.encode(spread, forKey: .spread)
        try container.encode(seconds.count, forKey: .rounds)
    }
}

extension [Double] {
    /// The median; nil for an empty array.
    var median: Double? {
        guard !isEmpty else { return nil }
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }

    /// The interquartile range as a share of the median; 0 for fewer than two values.
    fileprivate var spread: Double {
        guard count > 1, let median, median > 0 else { return 0 }
        let sorted = sorted()
        return (sorted[(count * 3 - 1) / 4] - sorted[count / 4]) / median
    }
}
