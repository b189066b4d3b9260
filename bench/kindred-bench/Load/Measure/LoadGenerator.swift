import CBenchProbes
import KindredClient
import Synchronization
import KindredTerminal

/// Connections for successive loads, dealt out among threads. For one thread at a time, which takes part as the first.
final class LoadGenerator: Sendable {
    /// Time in which the system wakes all threads, so that they start together.
    private static let wakeUpTime = Duration.milliseconds(5)

    /// One for each thread.
    private let loads: [RequestLoad]
    private let connections: Int
    private let team: ThreadTeam
    private let stop = LoadStop()
    private let kinds: Set<RequestKind>
    private let serverProcessID: Int32?

    /// Connects. There are at least as many connections as threads. `serverProcessID`: a local server, whose processor
    /// time is reported.
    init(
        _ endpoint: Endpoint, pool: RequestPool, connections: Int, threads: Int, timeoutMilliseconds: UInt32,
        serverProcessID: Int32?
    ) throws {
        loads = try (0..<threads).map { [stop] thread in
            let share = LoadShare(thread, of: threads)
            return try RequestLoad(
                endpoint, pool: pool, connections: share.of(connections),
                timeoutMilliseconds: timeoutMilliseconds, share: share, stop: stop)
        }
        self.connections = connections
        team = ThreadTeam(count: threads)
        kinds = Set(pool.entries.lazy.map(\.kind))
        self.serverProcessID = serverProcessID
    }

    /// Runs a loop for `seconds`, waits for the remaining answers, and counts. Blocks.
    ///
    /// Counts requests planned within the measured time. `samples` collects digests of answers.
    func measure(
        _ loop: LoadLoop, seconds: Double, title: String, samples: inout AnswerSamples,
        swaps: SwapWindows? = nil
    ) throws -> LoadResult {
        let progress = LoadProgress(title, seconds: seconds, threads: loads.count)
        defer { progress.clear() }
        let parts = ThreadMeasurements(
            loads.enumerated().map { thread, load in
                ThreadMeasurement(load, thread: thread, kinds: kinds, samples: samples, swaps: swaps)
            })
        let cpu = ProcessTime.seconds()
        let serverCPU = serverProcessID.flatMap(ProcessTime.seconds(ofProcess:))
        let start = ContinuousClock.now + (loads.count == 1 ? .zero : Self.wakeUpTime)
        team.run { [self] thread in
            // Keeps timers exact and wake-ups prompt, so that an open loop sends on time.
            bench_wake_exactly()
            do {
                let pacing = loop.pacing(
                    seconds: seconds, connections: connections, share: LoadShare(thread, of: loads.count))
                try parts.use(thread) {
                    try $0.run(pacing, from: start, seconds: seconds, progress: progress)
                }
            } catch {
                stop.set(error)
            }
        }
        try stop.rethrow()
        let whole = parts.merged()
        samples = whole.samples
        let elapsed = (whole.finish - start).inSeconds
        return LoadResult(
            loop: loop, seconds: seconds, drainSeconds: max(0, elapsed - seconds), recorder: whole.recorder,
            openLoop: whole.openLoop, sentByteCount: whole.sentByteCount,
            receivedByteCount: whole.receivedByteCount,
            generatorCPU: (ProcessTime.seconds() - cpu) / elapsed,
            serverCPU: serverCPU.flatMap { before in
                serverProcessID.flatMap(ProcessTime.seconds(ofProcess:)).map { ($0 - before) / elapsed }
            })
    }
}
