import CBenchProbes
import KindredClient
import Synchronization
import KindredTerminal

/// Connections that measure one load after another, dealt out among threads. One thread uses it at a time, and is the
/// first of them.
final class LoadGenerator: Sendable {
    /// In which the system wakes every thread, so that all begin together.
    private static let wakeUpTime = Duration.milliseconds(5)

    /// By thread.
    private let loads: [RequestLoad]
    private let connections: Int
    private let crew: Crew
    private let stop = LoadStop()
    private let kinds: Set<RequestKind>
    private let serverProcessID: Int32?

    /// Connects. There are at least as many connections as threads. `serverProcessID`: of a server on this machine,
    /// whose processor time is told too.
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
        crew = Crew(count: threads)
        kinds = Set(pool.entries.lazy.map(\.kind))
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
        let progress = LoadProgress(title, seconds: seconds, threads: loads.count)
        defer { progress.clear() }
        let parts = LoadParts(
            loads.enumerated().map { thread, load in
                LoadPart(load, thread: thread, kinds: kinds, samples: samples, swaps: swaps)
            })
        let cpu = ProcessTime.seconds()
        let serverCPU = serverProcessID.flatMap(ProcessTime.seconds(ofProcess:))
        let start = ContinuousClock.now + (loads.count == 1 ? .zero : Self.wakeUpTime)
        crew.run { [self] thread in
            // Otherwise an open loop is up to 50 µs late, and some ms beside threads that do not wait.
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
