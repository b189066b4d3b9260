import DequeModule

/// Work of one event loop that may take longer than a slice, done in steps of some tens of microseconds.
///
/// The loop polls its sockets between slices of steps, until the job has finished.
protocol LoopJob: AnyObject {
    /// The connection whose next job may start when this one has finished; nil for bulk work.
    var connection: ConnectionHandler? { get }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress
}

/// How a job goes on after a step.
enum LoopJobProgress {
    /// There is more to do.
    case working
    /// There is nothing to do until other threads, or other jobs, have done their part.
    case waiting
    case finished
}

extension LoopJob {
    var connection: ConnectionHandler? { nil }
}

/// How much one step of a job does.
enum StepSize {
    /// Ids resolved, or candidates scored.
    static let ids = 512
    /// Elements of vectors copied.
    static let elements = ids * 64
    /// Rows looked at by a rank stage.
    static let rankedRows = 4_096
    /// Results put into a reply.
    static let results = 4_096
    /// Bytes of columns put into a reply.
    static let replyBytes = 512 << 10
    /// Bytes of rows written to a stream, after which other work has its turn.
    static let streamBytes = 256 << 10
}

/// The jobs of a loop, each taken for a step and put back where there is more to do. A value.
///
/// Every job has its turn: jobs that are put back come after those that wait.
package struct RunQueue<Job> {
    /// Jobs that clients wait for.
    private var awaited: Deque<Job> = []
    /// Those that wait for others: their next step is in the next slice.
    private var paused: [Job] = []
    /// Bulk work: steps are taken after everything that a client waits for.
    private var bulk: Deque<Job> = []

    package init() {}

    package var isEmpty: Bool { awaited.isEmpty && paused.isEmpty && bulk.isEmpty }
    package var hasAwaited: Bool { !awaited.isEmpty }
    package var bulkCount: Int { bulk.count }

    package mutating func append(_ job: Job) { awaited.append(job) }
    package mutating func appendPaused(_ job: Job) { paused.append(job) }
    package mutating func appendBulk(_ job: Job) { bulk.append(job) }
    package mutating func takeNext() -> Job? { awaited.popFirst() }
    package mutating func takeNextBulk() -> Job? { bulk.popFirst() }

    /// Jobs that have waited for others have their turn again.
    package mutating func beginSlice() {
        awaited.append(contentsOf: paused)
        paused.removeAll(keepingCapacity: true)
    }
}
