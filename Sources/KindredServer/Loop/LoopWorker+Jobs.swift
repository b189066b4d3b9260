import KindredDomain
import KindredQuery

/// Jobs of a loop: for which requests there is room, and how their jobs are stepped.
extension LoopWorker {
    // MARK: Room for large requests

    /// Takes room for a large request: time to plan it, and memory. Throws OVERLOADED, before any work is done, where
    /// the requests before it would make it wait too long, or where memory is short.
    func charge(
        _ cost: RequestCost, for connection: ConnectionHandler, now: UInt64
    ) throws(RequestFailure) -> WorkCharge {
        let queueMax = UInt64(server.limits.queueMillisecondsMax) * 1_000_000
        if cost.stepCount > 1 {
            // Beside scans, jobs have a quarter of each slice.
            let wait =
                planning.wait(share: scans.isEmpty ? 1 : 0.25)
                + server.scans.nanoseconds(for: planning.operationCount)
            if planning.stepCount > 0, wait > queueMax { throw refusal(after: wait) }
        }
        // A request larger than half of the budget has room if half of the budget is free.
        let needed = min(cost.byteCount, server.connectionMemory.byteCountMax / 2)
        if !server.connectionMemory.tryTake(cost.byteCount, needing: needed) {
            makeRoom(for: needed, except: connection)
            guard server.connectionMemory.tryTake(cost.byteCount, needing: needed) else {
                throw refusal(after: queueMax)
            }
        }
        connection.takeWork(cost.byteCount)
        planning.add(stepCount: cost.stepCount, operationCount: cost.operationCount)
        return WorkCharge(
            stepCount: cost.stepCount, operationCount: cost.operationCount, byteCount: cost.byteCount)
    }

    /// A request that was charged for planning is planned, or given up.
    func finishPlanning(_ charge: WorkCharge) {
        planning.remove(stepCount: charge.stepCount, operationCount: charge.operationCount)
    }

    /// OVERLOADED for a request whose predicted wait is too long.
    func refusal(after wait: UInt64) -> RequestFailure {
        metrics.overloaded.count()
        return .overloaded(retryAfterMilliseconds: Self.retryMilliseconds(after: wait))
    }

    /// Half of the predicted wait: by then half of the waiting work is done.
    static func retryMilliseconds(after wait: UInt64) -> UInt32 {
        UInt32(clamping: max(10, wait / 2_000_000))
    }

    // MARK: Steps

    /// Does a job's first step now and the others in slices. A connection has one such job at a time.
    func start(_ job: any LoopJob, now: UInt64) -> LoopJobProgress {
        let progress = job.step(on: self, now: now)
        if case .finished = progress { return progress }
        jobs.append(job)
        scheduleSlice()
        return progress
    }

    /// Does a job in slices, after all work that clients wait for.
    func startBulk(_ job: any LoopJob) {
        jobs.appendBulk(job)
        scheduleSlice()
    }

    /// Does the next step of the job that has waited longest.
    func stepJob() {
        guard let job = jobs.takeNext() else { return }
        let beganAt = now()
        switch job.step(on: self, now: beganAt) {
        case .finished: job.connection?.jobHasFinished()
        case .working:
            planning.note(nanoseconds: now() - beganAt)
            jobs.append(job)
        case .waiting: jobs.appendPaused(job)
        }
    }

    /// Steps one bulk job. False where all of them wait for other threads.
    func stepBulk() -> Bool {
        for _ in 0..<jobs.bulkCount {
            guard let job = jobs.takeNextBulk() else { return false }
            switch job.step(on: self, now: now()) {
            case .finished: return true
            case .working:
                jobs.appendBulk(job)
                return true
            case .waiting: jobs.appendBulk(job)
            }
        }
        return false
    }

    /// Takes units of another loop's expansion in slices, for as long as that loop holds the work.
    func help(_ help: AudienceHelp) { startBulk(help) }

    /// Does one unit of an expansion. False when none is left.
    func work(on work: any SharedWork) -> Bool { work.work(scratch: scratch) }
}
