import KindredWire
import KindredTerminal

/// Requests that failed with one status.
struct FailureTally: Encodable {
    let status: UInt16
    private(set) var count = 0
    private(set) var example: String
    private var times = Histogram()

    private enum CodingKeys: String, CodingKey { case status, name, count, isOverload, time, example }

    init(status: UInt16, example: String) {
        self.status = status
        self.example = example
    }

    /// Counts a failure that came `time` after sending.
    mutating func add(_ time: Duration) {
        count += 1
        times.record(time)
    }

    /// Adds another thread's failures of the same status.
    mutating func merge(_ other: FailureTally) {
        count += other.count
        times.merge(other.times)
    }

    var name: String { StatusCode(rawValue: status)?.name ?? "status \(status)" }

    /// Whether the server refused the request for overload, without working on it.
    var isOverload: Bool {
        status == StatusCode.overloaded.rawValue || status == StatusCode.rateLimited.rawValue
    }

    /// Time from sending to the refusal.
    var time: LatencyFigures { LatencyFigures(times) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(status, forKey: .status)
        try container.encode(name, forKey: .name)
        try container.encode(count, forKey: .count)
        try container.encode(isOverload, forKey: .isOverload)
        try container.encode(time, forKey: .time)
        try container.encode(example, forKey: .example)
    }

    var line: String {
        "\(name) \(count.groupedDigits), answered after \(time.mean.fixed(3)) ms on average, p99 "
            + "\(time.p99.fixed(3)) ms" + (isOverload ? "" : "; first: \(example)")
    }
}
