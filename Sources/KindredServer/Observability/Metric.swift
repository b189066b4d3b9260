import Synchronization

/// A metric as operators see it: its name in STATS, its kind, and a help text. Each metric is declared once, in
/// `LoopMetrics`, `ModelMetrics` or `ServerGauges`.
package final class MetricDescription: Sendable {
    package enum Kind: Sendable, Equatable {
        /// Only rises while the server runs. Its name ends in `_total`.
        case counter
        /// Rises and falls.
        case gauge
    }

    package let name: String
    package let kind: Kind
    /// One sentence for operators, with the unit.
    package let help: String

    package init(_ kind: Kind, _ name: String, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    package func reading(_ value: UInt64) -> MetricReading { MetricReading(description: self, value: value) }
}

/// The value of a metric at one time.
package struct MetricReading: Sendable {
    package let description: MetricDescription
    package var value: UInt64
}

/// A number of events. One thread counts, any thread reads: counting is a load and a store, not a locked instruction.
package struct Counter: ~Copyable, Sendable {
    private let description: MetricDescription
    private let value = Atomic<UInt64>(0)

    package init(_ name: String, _ help: String) { description = MetricDescription(.counter, name, help) }

    /// Adds events. Of two threads that count at once, one may not be counted.
    @inline(__always)
    package func count(_ amount: UInt64 = 1) {
        value.store(value.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    package var reading: MetricReading { description.reading(value.load(ordering: .relaxed)) }
}

/// A number of things that there are now. One thread counts, any thread reads.
package struct Gauge: ~Copyable, Sendable {
    private let description: MetricDescription
    private let value = Atomic<UInt64>(0)

    package init(_ name: String, _ help: String) { description = MetricDescription(.gauge, name, help) }

    /// One more. Of two threads that count at once, one may not be counted.
    @inline(__always)
    package func count() { value.store(value.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }

    /// One less.
    @inline(__always)
    package func uncount() { value.store(value.load(ordering: .relaxed) &- 1, ordering: .relaxed) }

    package var reading: MetricReading { description.reading(value.load(ordering: .relaxed)) }
}
