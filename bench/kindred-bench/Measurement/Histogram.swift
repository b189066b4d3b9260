import KindredTerminal

/// Durations in log-linear buckets, the layout of HdrHistogram: three significant digits from 1 µs to 1 h.
///
/// Up to 2,047 ns each nanosecond has its own bucket. Above, each power of two has 1,024 equal buckets, so that a
/// bucket is at most 1/1,024 of its values wide. The size is fixed. Recording is O(1).
struct Histogram: Sendable {
    /// The longest duration, in nanoseconds, that is distinguished. Longer ones count as this and in `beyondCount`.
    static let nanosecondsMax: Int64 = 3_600_000_000_000

    private static let halfBits = 10
    private static let half = 1 << halfBits

    private var counts = [UInt64](repeating: 0, count: index(of: nanosecondsMax) + 1)
    private(set) var count: UInt64 = 0
    /// Durations above `nanosecondsMax`.
    private(set) var beyondCount: UInt64 = 0
    private var sum = 0.0
    private var sumOfSquares = 0.0
    /// The longest duration, exactly, in nanoseconds; 0 where nothing was recorded.
    private(set) var max: Int64 = 0
    private var least = Int64.max

    var isEmpty: Bool { count == 0 }

    /// The shortest duration, exactly, in nanoseconds; 0 where nothing was recorded.
    var min: Int64 { isEmpty ? 0 : least }

    mutating func record(_ duration: Duration) {
        record(nanoseconds: duration.inNanoseconds)
    }

    /// Records a duration; negative ones count as 0.
    mutating func record(nanoseconds: Int64) {
        if nanoseconds > Self.nanosecondsMax { beyondCount += 1 }
        let value = Swift.min(Swift.max(nanoseconds, 0), Self.nanosecondsMax)
        counts[Self.index(of: value)] += 1
        count += 1
        sum += Double(value)
        sumOfSquares += Double(value) * Double(value)
        max = Swift.max(max, value)
        least = Swift.min(least, value)
    }

    /// Adds the counts of another histogram.
    mutating func merge(_ other: Histogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        beyondCount += other.beyondCount
        sum += other.sum
        sumOfSquares += other.sumOfSquares
        max = Swift.max(max, other.max)
        least = Swift.min(least, other.least)
    }

    /// Nanoseconds; 0 where nothing was recorded.
    var mean: Double { isEmpty ? 0 : sum / Double(count) }

    /// Nanoseconds; 0 where nothing was recorded.
    var standardDeviation: Double {
        guard !isEmpty else { return 0 }
        return Swift.max(0, sumOfSquares / Double(count) - mean * mean).squareRoot()
    }

    /// The nearest-rank percentile in nanoseconds for `share` in 0 ... 1: at least that share of the durations is at
    /// most this long. The result is the end of its bucket, at most `max`; 0 where nothing was recorded.
    func value(atShare share: Double) -> Int64 { position(atShare: share).value }

    /// The percentile, and the number of durations up to the end of its bucket.
    func position(atShare share: Double) -> (value: Int64, cumulativeCount: UInt64) {
        let rank = Swift.max(1, UInt64((share * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (index, inBucket) in counts.enumerated() where inBucket > 0 {
            seen += inBucket
            if seen >= rank { return (Swift.min(Self.end(ofBucket: index), max), seen) }
        }
        return (max, seen)
    }

    /// `value` is in 0 ... `nanosecondsMax`.
    private static func index(of value: Int64) -> Int {
        // The power of two whose 1,024 buckets hold the value; those below 2,048 are buckets of one
        // nanosecond.
        let shift = (64 - halfBits - 1) - (value | Int64(2 * half - 1)).leadingZeroBitCount
        return shift << halfBits + Int(value >> Int64(shift))
    }

    /// The greatest value of a bucket.
    private static func end(ofBucket index: Int) -> Int64 {
        guard index >= 2 * half else { return Int64(index) }
        let shift = index >> halfBits - 1
        return Int64(index - shift << halfBits + 1) << Int64(shift) - 1
    }
}
