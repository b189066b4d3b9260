import Synchronization
import KindredTerminal

/// Shows the progress of a measurement. A few times per second each thread reports its counts and the first one prints
/// the sum.
final class LoadProgress: Sendable {
    /// Counts that one thread writes and another reads.
    private final class Counts: Sendable {
        /// Replies per second so far.
        let replies = Atomic<Int>(0)
        let failed = Atomic<Int>(0)
    }

    /// Interval between updates.
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

    /// Reports a thread's counts after `elapsed` seconds. The percentiles shown are those of the first thread.
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
