import CBenchProbes
import KindredClient

/// Connections that measure one load after another. One thread uses it at a time.
final class LoadGenerator: @unchecked Sendable {
    /// Between two looks of a person.
    private static let progressInterval = Duration.milliseconds(200)

    let load: RequestLoad
    private let serverProcessID: Int32?
    private let progress = ProgressLine()

    /// Connects. `serverProcessID`: of a server on this machine, whose processor time is told too.
    init(
        _ endpoint: Endpoint, pool: RequestPool, connections: Int, timeoutMilliseconds: UInt32,
        serverProcessID: Int32?
    ) throws {
        load = try RequestLoad(
            endpoint, pool: pool, connections: connections, timeoutMilliseconds: timeoutMilliseconds)
        self.serverProcessID = serverProcessID
    }

    /// Runs a loop for `seconds`, waits for the answers to what was sent, and counts. Blocks.
    ///
    /// Requests are counted by when they were to be sent, in the measured time; `samples` takes answers'
    /// checksums.
    func measure(
        _ loop: LoadLoop, seconds: Double, title: String, samples: inout AnswerSamples,
        swaps: SwapWindows? = nil
    ) throws -> LoadResult {
        // Otherwise an open loop is up to 50 µs late. The wait of a system that refuses is only less exact.
        _ = bench_wake_exactly()
        defer { progress.clear() }
        var recorder = LoadRecorder(pool: load.pool, swaps: swaps)
        let byteCounts = (sent: load.sentByteCount, received: load.receivedByteCount)
        let cpu = ProcessTime.seconds()
        let serverCPU = serverProcessID.flatMap(ProcessTime.seconds(ofProcess:))
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        var shown = start
        try load.run(loop.pacing(seconds: seconds)) { reply, body in
            try samples.take(reply, body)
            try recorder.take(reply, body, isInTime: reply.received <= end)
            if reply.received - shown >= Self.progressInterval {
                shown = reply.received
                show(title, recorder, elapsed: (shown - start).inSeconds, of: seconds)
            }
            // An open loop ends by its own times.
            return loop.rate != nil || reply.received < end
        }
        let elapsed = (ContinuousClock.now - start).inSeconds
        return LoadResult(
            loop: loop, seconds: seconds, drainSeconds: max(0, elapsed - seconds), recorder: recorder,
            openLoop: load.openLoop,
            sentByteCount: load.sentByteCount - byteCounts.sent,
            receivedByteCount: load.receivedByteCount - byteCounts.received,
            generatorCPU: (ProcessTime.seconds() - cpu) / elapsed,
            serverCPU: serverCPU.flatMap { before in
                serverProcessID.flatMap(ProcessTime.seconds(ofProcess:)).map { ($0 - before) / elapsed }
            })
    }

    private func show(_ title: String, _ recorder: LoadRecorder, elapsed: Double, of seconds: Double) {
        let figures = LatencyFigures(recorder.latency)
        progress.show(
            "\(title)  \(elapsed.fixed(1)) of \(seconds.fixed(1)) s  "
                + "\(Int(Double(recorder.replies) / elapsed).groupedDigits) replies/s  "
                + "p50 \(figures.p50.fixed(3)) ms  p99 \(figures.p99.fixed(3)) ms"
                + (recorder.failures.isEmpty
                    ? "" : "  \(recorder.failures.values.reduce(0) { $0 + $1.count }.groupedDigits) failed"))
    }
}
