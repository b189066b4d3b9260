import KindredQuery
import KindredSystem
import NIOCore
import Synchronization

/// The work of one event loop besides its sockets: it plans and scans the requests of its connections, in one batch per
/// tick, and takes slices of long scans and of jobs.
///
/// Everything runs on the loop. Only the queue of long scans, which all loops share, is locked.
final class LoopWorker: @unchecked Sendable {
    let loop: any EventLoop
    let metrics = LoopMetrics()
    let server: ServerContext
    /// Decides which generation answers each request.
    var admission: Admission

    // Connections (LoopWorker+Connections)
    var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private(set) var isDraining = false
    var isEvicting = false
    /// Since when the slowest peer of this loop has owed something, as last seen; nanoseconds.
    let oldestDebt = Atomic<UInt64>(.max)
    var reading = ReadSchedule<ConnectionHandler>()
    private var unflushed: [ConnectionHandler] = []

    // Scans (LoopWorker+Scans)
    let scratch = ScanScratch()
    /// The scans of this tick.
    var tickScans = TickScans()
    /// Long scans that this loop takes part in.
    var scans: [ScanShare] = [] {
        didSet { isScanning.store(!scans.isEmpty, ordering: .relaxed) }
    }
    /// Whether it takes part in a long scan: a loop that begins one asks the others to help that do not.
    let isScanning = Atomic<Bool>(false)
    var queueEstimate = QueueEstimate()

    // Jobs (LoopWorker+Jobs)
    var jobs = RunQueue<any LoopJob>()
    /// Large requests that have taken room and are not planned yet.
    var planning = PlanningBacklog()

    // Ticks and slices
    private var isTickScheduled = false
    private var isSliceScheduled = false

    init(loop: any EventLoop, server: ServerContext) throws(MemoryFailure) {
        self.loop = loop
        self.server = server
        admission = try Admission(
            server.store.current.replicated(after: GenerationTable()),
            cacheByteCount: server.answerCacheByteCount, metrics: metrics)
    }

    func now() -> UInt64 { NIODeadline.now().uptimeNanoseconds }

    /// Other generations serve.
    func use(_ table: GenerationTable) { admission.use(table) }

    /// Announces the end to every connection.
    func drain() {
        isDraining = true
        for connection in connections.values { connection.drain() }
    }

    // MARK: Ticks

    /// A connection has replies to flush at the end of the tick.
    func flushLater(_ connection: ConnectionHandler) {
        unflushed.append(connection)
        scheduleTick()
    }

    /// Ends the tick once the loop has read from every socket that is ready: tasks run after that.
    func scheduleTick() {
        guard !isTickScheduled else { return }
        isTickScheduled = true
        loop.execute {
            self.isTickScheduled = false
            self.endTick()
        }
    }

    private func endTick() {
        reading.beginTick()
        if !tickScans.isEmpty { runTickScans() }
        while let connection = unflushed.popLast() { connection.flush() }
    }

    // MARK: Slices

    /// Runs a slice after a pause, in which the loop polls.
    func scheduleSlice() {
        guard !isSliceScheduled else { return }
        isSliceScheduled = true
        runSlice(after: SlicePause(ticksEnded: LoopTicks.ended))
    }

    private func runSlice(after pause: SlicePause) {
        loop.scheduleTask(in: .nanoseconds(pause.nanoseconds)) {
            if let longer = pause.next(ticksEnded: LoopTicks.ended) {
                self.runSlice(after: longer)
            } else {
                self.runSlice()
            }
        }
    }

    /// A slice is a tick of its own, and ends it itself. NIO would run a task for the end of the tick before it polls,
    /// and then the next slice.
    private func runSlice() {
        let isTickAhead = isTickScheduled
        isTickScheduled = true
        if reading.hasWaiting { readWaiting() }
        jobs.beginSlice()
        var slice = Slice(isAwaited: !scans.isEmpty || jobs.hasAwaited, now: now())
        giveUpDeadScan()
        while let work = slice.next(
            hasScan: !scans.isEmpty, hasJob: jobs.hasAwaited, hasBulk: jobs.bulkCount > 0, now: now())
        {
            switch work {
            case .scan: stepScan()
            case .job: stepJob()
            case .bulk: if !stepBulk() { slice.bulkIsWaiting() }
            }
        }
        endTick()
        isTickScheduled = isTickAhead
        isSliceScheduled = false
        // Plans that were added while the tick ended wait for the next one.
        if !tickScans.isEmpty { scheduleTick() }
        if !scans.isEmpty || !jobs.isEmpty || reading.hasWaiting { scheduleSlice() }
    }
}
