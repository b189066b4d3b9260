import KindredDomain
import KindredQuery
import KindredSystem
import KindredWire
import Logging
import NIOCore
import Synchronization

/// What one event loop does besides its sockets: it plans and scans what its connections read, in one batch per
/// tick, and takes slices of longer scans and jobs, its own and other loops'.
///
/// Everything runs on the loop; nothing is locked but the queue of long scans.
final class LoopWorker: @unchecked Sendable {
    /// Ids resolved or candidates scored in one step of a job.
    static let idsPerStep = 512
    /// Elements of vectors copied in one step.
    static let elementsPerStep = idsPerStep * 64
    /// Results put into a reply in one step.
    static let resultsPerStep = 4_096
    /// Bytes of columns put into a reply in one step.
    static let replyBytesPerStep = 512 << 10
    /// Multiply-adds that fit a slice; a batch of more queues for a scan that idle loops help with. Of one as long as a
    /// slice, sharing costs more than it gains: 50 connections that ask over 10,000 x 64 one request at a time were
    /// answered 43,500 times a second with this number and 35,600 with half of it (AVX2, two loops).
    static let operationsPerSliceMax = 12_000_000
    /// Queries of one part of a request that shares a scan.
    private static let queriesPerPartMax = 32

    let loop: any EventLoop
    let metrics = LoopMetrics()
    let server: ServerContext
    /// Replicas of the serving generations; replaced as a whole, on the loop.
    private(set) var generations: GenerationTable
    /// By the generations above.
    var repeats: RepeatedRequests
    private(set) var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private let scratch = ScanScratch()
    /// What the tick's scans are for. Nearly always, all of it asks one side of one generation.
    private var tickParts: [(key: ScanKey, parts: [ScanPart])] = []
    /// Those that are being scanned.
    private var scannedParts: [(key: ScanKey, parts: [ScanPart])] = []
    private var isTickScheduled = false
    private var budget = TickBudget()
    /// Connections with frames for later ticks.
    private var unread = ReadQueue<ConnectionHandler>()
    private(set) var scans: [ScanShare] = [] {
        didSet { isScanning.store(!scans.isEmpty, ordering: .relaxed) }
    }
    /// Whether it takes part in a long scan: others that begin one ask it to help where it does not.
    private let isScanning = Atomic<Bool>(false)
    private var jobs: [any LoopJob] = []
    private var bulkJobs: [any LoopJob] = []
    private var queueEstimate = QueueEstimate()
    private var isSliceScheduled = false
    private var unflushed: [ConnectionHandler] = []
    /// What waits to be planned.
    var planning = PlanningPace()
    var isEvicting = false
    /// Since when the peer has owed that has owed for longest on this loop, as last seen; nanoseconds.
    let oldestDebt = Atomic<UInt64>(.max)
    private(set) var isDraining = false

    init(loop: any EventLoop, server: ServerContext) throws(MemoryFailure) {
        self.loop = loop
        self.server = server
        generations = server.store.current.replicated(after: GenerationTable())
        repeats = try RepeatedRequests(cacheByteCount: server.answerCacheByteCount, metrics: metrics)
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
        // One that is closed while it is swept leaves the table.
        for connection in Array(connections.values) { connection.sweep(now: now) }
        let since = connections.values.reduce(UInt64.max) { min($0, $1.owedSince ?? .max) }
        oldestDebt.store(since, ordering: .relaxed)
        if server.held.excess() > 0 { makeRoom() }
    }

    func drain() {
        isDraining = true
        for connection in connections.values { connection.drain() }
    }

    func use(_ table: GenerationTable) {
        if !table.isAlike(generations) { repeats.use(table) }
        generations = table.replicated(after: generations)
    }

    // MARK: Work

    /// Does a job's first step at once and the others in slices. A connection has one such job at a time.
    func start(_ job: any LoopJob, now: UInt64) -> LoopJobProgress {
        let progress = job.step(on: self, now: now)
        if case .finished = progress { return progress }
        jobs.append(job)
        scheduleSlice()
        return progress
    }

    /// Does a job in slices, after everything that somebody waits for.
    func startBulk(_ job: any LoopJob) {
        bulkJobs.append(job)
        scheduleSlice()
    }

    /// Adds a planned request to the scan at the end of the tick, in parts of at most `queriesPerPartMax` queries; one
    /// empty part where every query failed.
    func scan(_ job: RecommendJob, _ plan: RecommendPlan) {
        let key = ScanKey(plan.generation, target: plan.target)
        let group = tickParts.firstIndex { $0.key == key } ?? tickParts.count
        if group == tickParts.count { tickParts.append((key, [])) }
        var number = 0
        var start = 0
        repeat {
            let queries = start..<min(start + Self.queriesPerPartMax, plan.queries.count)
            tickParts[group].parts.append(
                ScanPart(
                    job: job, plan: plan, queries: queries, number: number,
                    operationCount: ScanCost.of(plan.queries[queries], over: plan.side)))
            start = queries.upperBound
            number += 1
        } while start < plan.queries.count
        scheduleTick()
    }

    /// A connection has replies to flush at the end of the tick.
    func flushLater(_ connection: ConnectionHandler) {
        unflushed.append(connection)
        scheduleTick()
    }

    /// True where the tick has room for another frame, which it takes.
    func takesFrame(byteCount: Int) -> Bool {
        guard budget.take(byteCount: byteCount) else { return false }
        // The tick's end makes room again, also where nothing is answered.
        scheduleTick()
        return true
    }

    /// True where the tick has room for a further part of a frame that is not complete.
    func takesPart(byteCount: Int) -> Bool {
        defer { scheduleTick() }
        return budget.takePart(byteCount: byteCount)
    }

    /// A connection has frames for which this tick has no room.
    func readLater(_ connection: ConnectionHandler) {
        let (byteCount, leftAt) = (connection.inbound.readableBytes, connection.leftReadQueueAt)
        unread.append(connection, byteCount: byteCount, leftAt: leftAt, now: now())
        scheduleSlice()
    }

    private func readOn() {
        budget.renew()
        while budget.hasRoom, let next = unread.popLight() { next.tickHasRoom(now: now()) }
        // However many light ones there are, a heavy one has its turn, so that it does not wait for ever.
        if !budget.hasRoom { budget.renew() }
        repeat {
            guard let next = unread.popHeavy() else { return }
            next.tickHasRoom(now: now())
        } while budget.hasRoom
    }

    private func scheduleTick() {
        guard !isTickScheduled else { return }
        isTickScheduled = true
        // Tasks run once the loop has read from every socket that was ready.
        loop.execute { self.runTick() }
    }

    private func runTick() {
        isTickScheduled = false
        endTick()
    }

    private func endTick() {
        budget.renew()
        if !tickParts.isEmpty { runScans() }
        flush()
    }

    private func flush() {
        while let connection = unflushed.popLast() { connection.flush() }
    }

    private func runScans() {
        let startedAt = now()
        // Their places serve again; an answer that is ready at once may be followed by the next request's plan.
        swap(&scannedParts, &tickParts)
        for (key, parts) in scannedParts {
            runScan(parts, key: key, now: startedAt)
        }
        scannedParts.removeAll(keepingCapacity: true)
    }

    private func runScan(_ parts: [ScanPart], key: ScanKey, now: UInt64) {
        guard parts.reduce(0, { $0 + $1.operationCount }) > Self.operationsPerSliceMax else {
            metrics.scanBatches.count()
            let scan = SharedScan(parts: parts, key: nil, start: ScanStart(time: now))
            var worker = scan.batch.makeWorker()
            while scan.batch.work(&worker, scratch: scratch) {}
            deposit(worker, of: scan)
            return
        }
        let (begin, refused) = server.scans.submit(parts, key: key, isIdle: scans.isEmpty, now: now)
        for (request, wait) in refused {
            metrics.overloaded.count()
            request.fail(.overloaded(retryAfterMilliseconds: Self.retryMilliseconds(after: wait)))
        }
        self.begin(begin, key: key)
    }

    /// Throws OVERLOADED where a request for a key would wait too long, before anything is done for it.
    func checkQueue(of key: ScanKey, queryCount: Int, now: UInt64) throws(RequestFailure) {
        guard server.scans.mayBeFull else { return }
        let excess = queueEstimate.excess(
            of: key, isOnePart: queryCount <= Self.queriesPerPartMax, in: server.scans, now: now)
        if let wait = excess { throw refusal(after: wait) }
    }

    /// Begins a long scan here and asks the other loops to help that are idle.
    private func begin(_ next: ScanQueue.Next, key: ScanKey) {
        guard !next.parts.isEmpty else { return }
        metrics.scanBatches.count()
        metrics.scanBatchesShared.count()
        let scan = SharedScan(parts: next.parts, key: key, start: next.start)
        server.scans.add(scan)
        guard scan.batch.unitCount > 0 else {
            // Every query had failed before it came here.
            deposit(scan.batch.makeWorker(), of: scan)
            return
        }
        share(scan)
    }

    /// Scans here and on every other loop that is idle. One that has a scan of its own goes on with that: two threads
    /// that share a scan each find first thresholds, and wait for each other at its end.
    private func share(_ scan: SharedScan) {
        for other in server.workers where other !== self && !other.isScanning.load(ordering: .relaxed) {
            other.loop.execute { if other.scans.isEmpty { other.join(scan) } }
        }
        join(scan)
    }

    private func join(_ scan: SharedScan) {
        guard scan.batch.hasUnits else { return }
        scans.append(ScanShare(scan))
        scheduleSlice()
    }

    /// Hands in this loop's share of a scan, and ends the scan with the last one.
    private func deposit(_ worker: consuming ScanWorker, of scan: SharedScan) {
        if scan.batch.deposit(worker), scan.end() { finish(scan) }
    }

    /// The scan's last unit is done: every loop answers its own requests.
    private func finish(_ scan: SharedScan) {
        if let rest = scan.makeRemainder() {
            // It still runs, until the rest is done too.
            if rest.key != nil { server.scans.add(rest) }
            share(rest)
            return
        }
        let results = scan.takeResults()
        beginNext(after: scan, isComplete: true)
        handOut(scan.takeParts(), results, startedAt: scan.start.time)
    }

    /// Gives each loop what was found for its own requests; the others first, since this one begins at once. What is
    /// theirs, this one has let go of by then.
    private func handOut(
        _ parts: consuming [ScanPart], _ results: consuming [ScanResult], startedAt: UInt64
    ) {
        // A tick's own scan.
        if parts.allSatisfy({ $0.job.worker === self }) {
            return complete(parts, results, startedAt: startedAt)
        }
        for other in server.workers where other !== self {
            let (parts, results) = Self.share(of: other, parts, results)
            if !parts.isEmpty { other.loop.execute { other.complete(parts, results, startedAt: startedAt) } }
        }
        (parts, results) = Self.share(of: self, parts, results)
        complete(parts, results, startedAt: startedAt)
    }

    private static func share(
        of worker: LoopWorker, _ parts: [ScanPart], _ results: [ScanResult]
    ) -> ([ScanPart], [ScanResult]) {
        guard parts.contains(where: { $0.job.worker !== worker }) else { return (parts, results) }
        var ownParts: [ScanPart] = []
        var ownResults: [ScanResult] = []
        var start = 0
        for part in parts {
            let end = start + part.queries.count
            if part.job.worker === worker {
                ownParts.append(part)
                ownResults.append(contentsOf: results[start..<end])
            }
            start = end
        }
        return (ownParts, ownResults)
    }

    /// Nobody waits for the scan any more: the next one begins.
    private func give(up scan: SharedScan) {
        scan.batch.abandon()
        if scan.end() { beginNext(after: scan, isComplete: false) }
    }

    private func beginNext(after scan: SharedScan, isComplete: Bool) {
        guard let key = scan.key else { return }
        begin(server.scans.next(after: scan, key: key, now: now(), isComplete: isComplete), key: key)
    }

    /// Takes what was found for parts of this loop's requests by a scan that began at `startedAt`; with its last part a
    /// request is answered.
    private func complete(_ parts: [ScanPart], _ results: [ScanResult], startedAt: UInt64) {
        let now = now()
        var start = 0
        for part in parts {
            // First parts are scanned before the others.
            if part.number == 0 { part.job.request.startedAt = startedAt }
            let end = start + part.queries.count
            if part.job.take(results[start..<end], of: part.queries, on: self) {
                part.job.request.connection.start(part.job, now: now)
            }
            start = end
        }
    }

    // MARK: Slices

    private func scheduleSlice() {
        guard !isSliceScheduled else { return }
        isSliceScheduled = true
        runSlice(after: ServerConfiguration.pauseNanoseconds, ticksEnded: LoopTicks.ended)
    }

    /// Runs the next slice after a pause, or after twice of it and so on until the loop has polled: a pause that is
    /// over before the loop looks at its tasks again has been none.
    private func runSlice(after nanoseconds: Int64, ticksEnded: UInt64) {
        loop.scheduleTask(in: .nanoseconds(nanoseconds)) {
            guard LoopTicks.ended != ticksEnded else {
                return self.runSlice(after: 2 * nanoseconds, ticksEnded: ticksEnded)
            }
            self.runSlice()
        }
    }

    /// A slice is a tick of its own. What it schedules begins with its end: of tasks that are due in turn the loop
    /// would run one after the other, and never look at its sockets.
    private func runSlice() {
        let isTickAhead = isTickScheduled
        isTickScheduled = true
        if !unread.isEmpty { readOn() }
        let isAwaited = !scans.isEmpty || !jobs.isEmpty
        let deadline =
            now()
            + (isAwaited ? ServerConfiguration.sliceNanoseconds : ServerConfiguration.bulkSliceNanoseconds)
        if let scan = scans.first?.scan, scan.isDead {
            scans.removeFirst()
            give(up: scan)
            helpOthers()
        }
        // Under load there always is something to scan: jobs get a quarter of the slice, and jobs and bulk work at
        // least a step, so that they end.
        let jobDeadline = now() + ServerConfiguration.sliceNanoseconds / 4
        while stepJob(), now() < jobDeadline {}
        stepBulk()
        repeat {
            if stepScan() { continue }
            if stepJob() { continue }
            if !stepBulk() { break }
        } while now() < deadline
        endTick()
        isTickScheduled = isTickAhead
        isSliceScheduled = false
        if !scans.isEmpty || !jobs.isEmpty || !bulkJobs.isEmpty || !unread.isEmpty { scheduleSlice() }
    }

    private func stepScan() -> Bool {
        guard let share = scans.first else { return false }
        if !share.scan.batch.work(&share.worker, scratch: scratch) {
            scans.removeFirst()
            deposit(share.worker, of: share.scan)
            helpOthers()
        }
        return true
    }

    /// Takes part in another loop's scan where there is none here.
    private func helpOthers() {
        if scans.isEmpty, let scan = server.scans.unfinished() { join(scan) }
    }

    private func stepJob() -> Bool {
        guard !jobs.isEmpty else { return false }
        let job = jobs.removeFirst()
        let beganAt = now()
        if case .finished = job.step(on: self, now: beganAt) {
            job.connection?.jobHasFinished()
        } else {
            planning.note(nanoseconds: now() - beganAt)
            jobs.append(job)
        }
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

    /// Takes units of another loop's expansion in this loop's slices, for as long as that loop holds the work.
    func help(_ help: AudienceHelp) { startBulk(help) }

    /// Does one unit. False when none is left.
    func work(on work: any SharedWork) -> Bool { work.work(scratch: scratch) }
}
