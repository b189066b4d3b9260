import KindredTerminal

/// What one thread does of a measurement, and what it finds.
struct LoadPart: Sendable {
    typealias Instant = ContinuousClock.Instant

    private(set) var recorder: LoadRecorder
    private(set) var samples: AnswerSamples
    private(set) var openLoop = OpenLoopTally()
    private(set) var sentByteCount = 0
    private(set) var receivedByteCount = 0
    /// When the last answer had come.
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

    /// Runs from `start` on, waits for the answers to what was sent, and counts. Blocks.
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
            // An open loop ends by its own times.
            return isOpen || reply.received < end
        }
        finish = .now
        openLoop = load.openLoop
        sentByteCount = load.sentByteCount - byteCounts.sent
        receivedByteCount = load.receivedByteCount - byteCounts.received
    }

    /// Takes in what another thread has found in the same measurement.
    mutating func merge(_ other: LoadPart) {
        recorder.merge(other.recorder)
        samples.merge(other.samples)
        openLoop.merge(other.openLoop)
        sentByteCount += other.sentByteCount
        receivedByteCount += other.receivedByteCount
        finish = max(finish, other.finish)
    }
}
