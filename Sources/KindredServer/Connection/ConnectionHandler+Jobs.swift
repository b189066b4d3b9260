/// Jobs of a connection: one runs at a time, and none while the peer does not read its replies.
extension ConnectionHandler {
    /// Jobs of a connection that may wait; with more, nothing is read from it.
    static let waitingJobCountMax = 16

    /// Starts a job, or leaves it until the jobs before it are done and the peer has read their replies.
    func start(_ job: any LoopJob, now: UInt64) {
        // `hasRoom` comes first: it may flush, which may start waiting jobs.
        let hasRoom = hasRoom
        if hasRoom, !hasRunningJob, jobs.isEmpty { run(job, now: now) } else { jobs.append(job) }
        if !jobs.isEmpty { startWaitingJobs() }
    }

    /// Puts a job before those that wait: it is the next one, once the running job is done and there is room.
    func goOn(with job: any LoopJob) {
        jobs.prepend(job)
        if !hasRunningJob { startWaitingJobs() }
    }

    /// The worker has finished this connection's running job.
    func jobHasFinished() {
        hasRunningJob = false
        startWaitingJobs()
    }

    func startWaitingJobs() {
        // `hasRoom` comes first here too.
        while hasRoom, !hasRunningJob, let job = jobs.popFirst() {
            run(job, now: worker.now())
        }
        // Later: this may be called while a frame is read.
        if pauses.contains(.jobs), jobs.count < Self.waitingJobCountMax { resumeSoon(.jobs) }
    }

    private func run(_ job: any LoopJob, now: UInt64) {
        hasRunningJob = true
        if case .finished = worker.start(job, now: now) { hasRunningJob = false }
    }
}
