import KindredDomain
import KindredQuery

/// Scans of a loop: its own short ones at the end of each tick, and its share in the long ones of all loops.
extension LoopWorker {
    /// Multiply-adds that fit a slice. A larger batch becomes a long scan, which idle loops help with. Sharing a scan
    /// that is as short as a slice costs more than it gains.
    static let operationsPerSliceMax = 12_000_000

    /// Adds a planned request to the scan at the end of the tick. `isFurther`: its queries were scanned before, and the
    /// rules need more rows.
    func scan(_ job: RecommendJob, _ plan: RecommendPlan, isFurther: Bool = false) {
        tickScans.add(job, plan, isFurther: isFurther)
        scheduleTick()
    }

    /// Throws OVERLOADED where a request of a key would wait too long, before any work is done for it. `resultCount`:
    /// rows that one of its queries finds, about.
    func checkQueue(
        of key: ScanKey, queryCount: Int, resultCount: Int, now: UInt64
    ) throws(RequestFailure) {
        guard server.scans.mayBeFull else { return }
        let isSmall = queryCount <= ScanPart.queriesMax && resultCount <= ScanPart.resultsUsual
        let overlongWait = queueEstimate.overlongWait(of: key, isSmall: isSmall, in: server.scans, now: now)
        if let wait = overlongWait { throw refusal(after: wait) }
    }

    // MARK: Ends of ticks

    /// Scans the requests of this tick.
    func runTickScans() {
        let startedAt = now()
        // An answer that is ready at once may lead to the next request's plan, which is of the next tick.
        tickScans.begin()
        for (key, parts) in tickScans.begun { runScan(parts, key: key, now: startedAt) }
        tickScans.end()
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
        for (part, wait) in refused { part.job.request.fail(refusal(after: wait)) }
        self.begin(begin, key: key)
    }

    // MARK: Long scans

    /// Begins a long scan here, and asks the idle loops to help.
    private func begin(_ next: ScanQueue.Next, key: ScanKey) {
        guard !next.parts.isEmpty else { return }
        metrics.scanBatches.count()
        metrics.scanBatchesShared.count()
        let scan = SharedScan(parts: next.parts, key: key, start: next.start)
        server.scans.add(scan)
        guard scan.batch.unitCount > 0 else {
            // Every query of the batch has failed already.
            deposit(scan.batch.makeWorker(), of: scan)
            return
        }
        share(scan)
    }

    /// Scans here and on every idle loop. A loop that has a scan goes on with that one: each thread of a shared scan
    /// finds first thresholds of its own, and waits for the others at the end.
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

    /// Takes part in another loop's scan where this loop has none.
    private func helpOthers() {
        if scans.isEmpty, let scan = server.scans.unfinished() { join(scan) }
    }

    /// Does one unit of the first scan.
    func stepScan() {
        guard let share = scans.first else { return }
        if !share.scan.batch.work(&share.worker, scratch: scratch) {
            scans.removeFirst()
            deposit(share.worker, of: share.scan)
            helpOthers()
        }
    }

    /// Gives up the first scan where no request waits for it any more. The next one of its key begins.
    func giveUpDeadScan() {
        guard let scan = scans.first?.scan, scan.isDead else { return }
        scans.removeFirst()
        scan.batch.abandon()
        if scan.end() { beginNext(after: scan, isComplete: false) }
        helpOthers()
    }

    private func beginNext(after scan: SharedScan, isComplete: Bool) {
        guard let key = scan.key else { return }
        begin(server.scans.next(after: scan, key: key, now: now(), isComplete: isComplete), key: key)
    }

    // MARK: Results

    /// Hands in this loop's share of a scan. The last share ends the scan.
    private func deposit(_ worker: consuming ScanWorker, of scan: SharedScan) {
        if scan.batch.deposit(worker), scan.end() { finish(scan) }
    }

    /// The scan's last unit is done: every loop answers its own requests.
    private func finish(_ scan: SharedScan) {
        if let rest = scan.makeRemainder() {
            // The scan runs until its remainder is done too.
            if rest.key != nil { server.scans.add(rest) }
            share(rest)
            return
        }
        let results = scan.takeResults()
        beginNext(after: scan, isComplete: true)
        handOut(scan.takeParts(), results, startedAt: scan.start.time)
    }

    /// Gives each loop the results of its own requests. The other loops come first, since this one begins to answer at
    /// once. By then this loop has let go of the others' requests, so that each is freed on its own loop.
    private func handOut(
        _ parts: consuming [ScanPart], _ results: consuming [ScanResult], startedAt: UInt64
    ) {
        // The scan of a tick has requests of this loop only.
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

    /// Takes the results for parts of this loop's requests, of a scan that began at `startedAt`. With its last part, a
    /// request is answered.
    private func complete(_ parts: [ScanPart], _ results: [ScanResult], startedAt: UInt64) {
        let now = now()
        var start = 0
        for part in parts {
            let end = start + part.queries.count
            if part.job.take(results[start..<end], of: part, startedAt: startedAt, on: self) {
                part.job.request.connection.start(part.job, now: now)
            }
            start = end
        }
    }
}
