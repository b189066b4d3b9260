import KindredDomain
import KindredQuery
import KindredWire
import Logging
import NIOCore

/// What one event loop does besides its sockets: it plans and scans what its connections read, in one batch per
/// tick, and takes slices of longer scans and jobs, its own and other loops'.
///
/// Everything runs on the loop; nothing is locked but the queue of long scans.
final class LoopWorker: @unchecked Sendable {
    /// Ids resolved or candidates scored in one step of a job.
    static let idsPerStep = 512
    /// Multiply-adds that surely fit a slice; a batch of more queues for a scan that all loops share.
    private static let operationsPerSliceMax = 6_000_000

    let loop: any EventLoop
    let metrics = LoopMetrics()
    let server: ServerContext
    /// The serving generations; replaced as a whole, on the loop.
    private(set) var generations: GenerationTable
    private(set) var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private let scratch = ScanScratch()
    private var tickEntries: [ScanEntry] = []
    private var isTickScheduled = false
    private var scans: [(scan: SharedScan, worker: ScanWorker)] = []
    private var jobs: [any LoopJob] = []
    private var bulkJobs: [any LoopJob] = []
    private var isSliceScheduled = false
    private var unflushed: [ConnectionHandler] = []
    private(set) var isDraining = false

    init(loop: any EventLoop, server: ServerContext) {
        self.loop = loop
        self.server = server
        generations = server.store.current
    }

    func now() -> UInt64 { NIODeadline.now().uptimeNanoseconds }

    // MARK: Connections

    func add(_ connection: ConnectionHandler) {
        connections[ObjectIdentifier(connection)] = connection
        server.connectionCount.wrappingAdd(1, ordering: .relaxed)
        metrics.connectionsOpened.count()
        metrics.connectionsOpen.count()
    }

    func remove(_ connection: ConnectionHandler) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        server.connectionCount.wrappingSubtract(1, ordering: .relaxed)
        metrics.connectionsOpen.uncount()
    }

    /// Looks for timeouts; called a few times a second.
    func sweep() {
        let now = now()
        for connection in connections.values { connection.sweep(now: now) }
    }

    func drain() {
        isDraining = true
        for connection in connections.values { connection.drain() }
    }

    func use(_ table: GenerationTable) { generations = table }

    // MARK: Work

    /// Does a job's first step at once and the others in slices.
    func start(_ job: any LoopJob) {
        switch job.step(on: self, now: now()) {
        case .finished: break
        case .working, .waiting:
            jobs.append(job)
            scheduleSlice()
        }
    }

    /// Does a job in slices, after everything that somebody waits for.
    func startBulk(_ job: any LoopJob) {
        bulkJobs.append(job)
        scheduleSlice()
    }

    /// Adds a planned request to the scan at the end of the tick.
    func scan(_ entry: ScanEntry) {
        tickEntries.append(entry)
        scheduleTick()
    }

    /// A connection has replies to flush at the end of the tick.
    func flushLater(_ connection: ConnectionHandler) {
        unflushed.append(connection)
        scheduleTick()
    }

    private func scheduleTick() {
        guard !isTickScheduled else { return }
        isTickScheduled = true
        // Tasks run once the loop has read from every socket that was ready.
        loop.execute { self.runTick() }
    }

    private func runTick() {
        isTickScheduled = false
        let entries = tickEntries
        tickEntries.removeAll(keepingCapacity: true)
        if !entries.isEmpty { runScans(entries) }
        flush()
    }

    private func flush() {
        while let connection = unflushed.popLast() { connection.flush() }
    }

    private func runScans(_ entries: [ScanEntry]) {
        let startedAt = now()
        for entry in entries { entry.request.startedAt = startedAt }
        let first = ScanKey(entries[0].plan)
        // Nearly always all queries of a tick ask one side of one generation.
        if entries.allSatisfy({ ScanKey($0.plan) == first }) {
            runScan(entries, key: first, startedAt: startedAt)
        } else {
            for (key, group) in Dictionary(grouping: entries, by: { ScanKey($0.plan) }) {
                runScan(group, key: key, startedAt: startedAt)
            }
        }
    }

    private func runScan(_ entries: [ScanEntry], key: ScanKey, startedAt: UInt64) {
        let scan = SharedScan(entries: entries, key: nil)
        metrics.scanBatches.count()
        guard scan.batch.operationCount > Self.operationsPerSliceMax else {
            var worker = scan.batch.makeWorker()
            while scan.batch.work(&worker, scratch: scratch) {}
            if scan.batch.deposit(worker) { finish(scan) }
            return
        }
        metrics.scanBatchesShared.count()
        let (begun, refused) = server.scans.submit(entries, key: key)
        for entry in refused {
            metrics.overloaded.count()
            entry.request.fail(.overloaded(retryAfterMilliseconds: 50))
        }
        if let begun { begin(begun) }
    }

    /// Begins a long scan here and asks the other loops to help.
    private func begin(_ scan: SharedScan) {
        for other in server.workers where other !== self {
            other.loop.execute { other.join(scan) }
        }
        join(scan)
    }

    private func join(_ scan: SharedScan) {
        guard scan.batch.hasUnits || scan.batch.unitCount == 0 else { return }
        scans.append((scan, scan.batch.makeWorker()))
        scheduleSlice()
    }

    /// The scan's last unit is done: every loop answers its own requests.
    private func finish(_ scan: SharedScan) {
        let answers = scan.batch.takeAnswers()
        if let key = scan.key, let next = server.scans.next(after: key) { begin(next) }
        var start = 0
        for entry in scan.entries {
            let range = start..<start + entry.plan.queries.count
            start = range.upperBound
            if entry.worker === self {
                answer(entry, scan: scan, answers: answers, range: range)
            } else {
                entry.worker.loop.execute {
                    entry.worker.answer(entry, scan: scan, answers: answers, range: range)
                }
            }
        }
    }

    private func answer(_ entry: ScanEntry, scan: SharedScan, answers: [[RankingKey]], range: Range<Int>) {
        let request = entry.request
        if let obstacle = request.obstacle(now: now()) {
            request.fail(obstacle)
            return
        }
        var scanned: UInt64 = 0
        for query in range { scanned += UInt64(scan.batch.rowsScanned(query: query)) }
        metrics.rowsScanned.count(scanned)
        metrics.queries.count(UInt64(entry.plan.slots.count))
        metrics.queryFailures.count(UInt64(entry.plan.slots.count - range.count))
        var response = entry.plan.answer(
            slots: entry.plan.slots.indices, best: Array(answers[range]),
            rowsScanned: { scan.batch.rowsScanned(query: range.lowerBound + $0) })
        request.stamp(&response.origin, now: now())
        metrics.queueMicroseconds.count(UInt64(response.origin.queueMicroseconds))
        metrics.computeMicroseconds.count(UInt64(response.origin.computeMicroseconds))
        request.answer(.recommend(response))
    }

    // MARK: Slices

    private func scheduleSlice() {
        guard !isSliceScheduled else { return }
        isSliceScheduled = true
        loop.scheduleTask(in: .microseconds(ServerConfiguration.pauseMicroseconds)) { self.runSlice() }
    }

    private func runSlice() {
        isSliceScheduled = false
        let isAwaited = !scans.isEmpty || !jobs.isEmpty
        let deadline =
            now()
            + (isAwaited ? ServerConfiguration.sliceNanoseconds : ServerConfiguration.bulkSliceNanoseconds)
        // Bulk work gets one step a slice whatever else there is, so that it ends.
        stepBulk()
        while now() < deadline {
            if stepScan() { continue }
            if stepJob() { continue }
            if !stepBulk() { break }
        }
        flush()
        if !scans.isEmpty || !jobs.isEmpty || !bulkJobs.isEmpty { scheduleSlice() }
    }

    private func stepScan() -> Bool {
        guard !scans.isEmpty else { return false }
        if !scans[0].scan.batch.work(&scans[0].worker, scratch: scratch) {
            let (scan, worker) = scans.removeFirst()
            if scan.batch.deposit(worker) { finish(scan) }
        }
        return true
    }

    private func stepJob() -> Bool {
        guard !jobs.isEmpty else { return false }
        let job = jobs.removeFirst()
        if case .finished = job.step(on: self, now: now()) {} else { jobs.append(job) }
        return true
    }

    /// Steps one bulk job. False where none has anything to do.
    @discardableResult
    private func stepBulk() -> Bool {
        for _ in 0..<bulkJobs.count {
            let job = bulkJobs.removeFirst()
            switch job.step(on: self, now: now()) {
            case .finished: return true
            case .working:
                bulkJobs.append(job)
                return true
            case .waiting: bulkJobs.append(job)
            }
        }
        return false
    }

    /// Scores tiles of another loop's expansion in this loop's slices.
    func help(_ scan: AudienceScan) { startBulk(AudienceHelp(scan)) }

    /// Scores one tile. False when none is left.
    func work(on scan: AudienceScan) -> Bool { scan.work(scratch: scratch) }
}

/// A loop's share in the scan of an expansion that another loop runs.
private final class AudienceHelp: LoopJob {
    private let scan: AudienceScan

    init(_ scan: AudienceScan) { self.scan = scan }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        worker.work(on: scan) ? .working : .finished
    }
}
