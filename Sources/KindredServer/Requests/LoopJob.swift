/// Work of one event loop that may take longer than a slice, done in steps of some tens of microseconds.
///
/// The loop calls `step` again and again, between looks at its sockets, until the job is finished.
protocol LoopJob: AnyObject {
    /// Whose next job may start when this one is finished.
    var connection: ConnectionHandler? { get }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress
}

/// What a step came to.
enum LoopJobProgress {
    /// There is more to do.
    case working
    /// Nothing to do until other threads have done their part.
    case waiting
    case finished
}

extension LoopJob {
    var connection: ConnectionHandler? { nil }
}
