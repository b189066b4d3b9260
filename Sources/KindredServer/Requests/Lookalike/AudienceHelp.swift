import KindredQuery

/// A loop's share in a phase of an expansion that another loop runs.
///
/// It does not keep the work alive: of a stream that is dropped, no loop goes on with a phase or holds its memory.
final class AudienceHelp: LoopJob, Sendable {
    private let work: WeakWork

    /// Immutable but for what the system clears.
    private struct WeakWork: @unchecked Sendable {
        weak var work: (any SharedWork)?
    }

    init(_ work: any SharedWork) { self.work = WeakWork(work: work) }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        guard let work = work.work else { return .finished }
        return worker.work(on: work) ? .working : .finished
    }
}
