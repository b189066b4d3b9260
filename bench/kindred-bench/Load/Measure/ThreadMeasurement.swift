import KindredTerminal
import Synchronization

/// One thread's part of a measurement, and its results.
struct ThreadMeasurement: Sendable {
    typealias Instant = ContinuousClock.Instant

    private(set) var recorder: LoadRecorder
    private(set) var samples: AnswerSamples
    private(set) var openLoop = OpenLoopTally()
    private(set) var sentByteCount = 0
    private(set) var receivedByteCount = 0
    /// The time of the last answer.
    private(set) var finish: Instant

    private let load: RequestLoad
    private let thread: Int

    init(
        _ load: RequestLoad, thread: Int, kinds: Set<RequestKind>, samples: AnswerSamples, swaps: SwapWindows?
    ) {
        recorder = LoadRecorder(pool: load.pool, kinds: kinds, swaps: swaps)
        self.samples = samples
        self.load = load
        self.thread = thread
        finish = .now
    }

    /// Runs from `start` on, waits for the remaining answers, and counts. Blocks.
    mutating func run(
        _ pacing: Pacing, from start: Instant, seconds: Double, progress: LoadProgress
    ) throws {
        let isOpen = if case .open = pacing { true } else { false }
        let byteCounts = (sent: load.sentByteCount, received: load.receivedByteCount)
        let end = start + .seconds(seconds)
        var shown = start
        try load.run(pacing, from: start) { reply, body in
            try samples.take(reply, body)
            try recorder.take(reply, body, isInTime: reply.received <= end)
            if reply.received - shown >= LoadProgress.interval {
                shown = reply.received
                progress.tell(recorder, thread: thread, elapsed: (shown - start).inSeconds)
            }
            // An open loop ends by its schedule.
            return isOpen || reply.received < end
        }
        finish = .now
        openLoop = load.openLoop
        sentByteCount = load.sentByteCount - byteCounts.sent
        receivedByteCount = load.receivedByteCount - byteCounts.received
    }

    /// Merges another thread's results of the same measurement.
    mutating func merge(_ other: ThreadMeasurement) {
        recorder.merge(other.recorder)
        samples.merge(other.samples)
        openLoop.merge(other.openLoop)
        sentByteCount += other.sentByteCount
        receivedByteCount += other.receivedByteCount
        finish = max(finish, other.finish)
    }
}

/// The parts of all threads; each thread owns its part while it runs.
final class ThreadMeasurements: Sendable {
    private let parts: Mutex<[ThreadMeasurement?]>

    init(_ parts: [ThreadMeasurement]) { self.parts = Mutex(parts) }

    /// Lends a thread its part. One call at a time for each part.
    func use(_ thread: Int, _ body: (inout ThreadMeasurement) throws -> Void) rethrows {
        guard var part = parts.withLock({ $0[thread].take() }) else {
            preconditionFailure("a part has one thread")
        }
        try body(&part)
        parts.withLock { [part] in $0[thread] = part }
    }

    /// The merged results, after all threads are done.
    func merged() -> ThreadMeasurement {
        parts.withLock { all in
            var rest = all.compactMap { $0 }[...]
            guard var whole = rest.popFirst() else { preconditionFailure("there is one thread at least") }
            for part in rest { whole.merge(part) }
            return whole
        }
    }
}
