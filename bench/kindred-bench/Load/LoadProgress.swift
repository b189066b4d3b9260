import Synchronization
import KindredTerminal

/// How far a measurement is, for a person at a terminal: a few times a second each thread tells how it fares, and the
/// first one shows the sum.
final class LoadProgress: Sendable {
    /// Told by one thread, read by another.
    private final class Counts: Sendable {
        /// Per second, so far.
        let replies = Atomic<Int>(0)
        let failed = Atomic<Int>(0)
    }

    /// Between two looks of a person.
    static let interval = Duration.milliseconds(200)

    private let title: String
    private let seconds: Double
    private let counts: [Counts]
    private let line = ProgressLine()

    init(_ title: String, seconds: Double, threads: Int) {
        self.title = title
        self.seconds = seconds
        counts = (0..<threads).map { _ in Counts() }
    }

    /// Tells what a thread has counted in `elapsed` seconds. The percentiles on the line are those of the thread that
    /// shows it.
    func tell(_ recorder: LoadRecorder, thread: Int, elapsed: Double) {
        counts[thread].replies.store(Int(Double(recorder.replies) / elapsed), ordering: .relaxed)
        counts[thread].failed.store(
            recorder.failures.values.reduce(0) { $0 + $1.count }, ordering: .relaxed)
        if thread == 0 { show(LatencyFigures(recorder.latency), elapsed: elapsed) }
    }

    func clear() { line.clear() }

    private func show(_ figures: LatencyFigures, elapsed: Double) {
        let replies = counts.reduce(0) { $0 + $1.replies.load(ordering: .relaxed) }
        let failed = counts.reduce(0) { $0 + $1.failed.load(ordering: .relaxed) }
        line.show(
            "\(title)  \(elapsed.fixed(1)) of \(seconds.fixed(1)) s  "
                + "\(replies.groupedDigits) replies/s  "
                + "p50 \(figures.p50.fixed(3)) ms  p99 \(figures.p99.fixed(3)) ms"
                + (failed == 0 ? "" : "  \(failed.groupedDigits) failed"))
    }
}
