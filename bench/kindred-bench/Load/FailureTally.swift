import KindredWire
import KindredTerminal

/// Requests that were answered with one status, not OK.
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

    /// Counts one that was answered so long after it was sent.
    mutating func add(_ time: Duration) {
        count += 1
        times.record(time)
    }

    /// Counts what another thread has counted of the same status.
    mutating func merge(_ other: FailureTally) {
        count += other.count
        times.merge(other.times)
    }

    var name: String { StatusCode(rawValue: status)?.name ?? "status \(status)" }

    /// Whether the server said that it had more to do than it can, and did nothing.
    var isOverload: Bool {
        status == StatusCode.overloaded.rawValue || status == StatusCode.rateLimited.rawValue
    }

    /// From sending a request until it was refused.
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
