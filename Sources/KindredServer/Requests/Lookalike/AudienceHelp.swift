import KindredQuery

/// A loop's share in a phase of an expansion that another loop runs.
///
/// It holds the work weakly: where the stream is dropped, no other loop goes on with it or keeps its memory.
final class AudienceHelp: LoopJob, Sendable {
    private let work: WeakWork

    /// Immutable, but that the runtime clears the reference.
    private struct WeakWork: @unchecked Sendable {
        weak var work: (any AudienceWork)?
    }

    init(_ work: any AudienceWork) { self.work = WeakWork(work: work) }

    func step(on worker: LoopWorker, now: UInt64) -> LoopJobProgress {
        guard let work = work.work else { return .finished }
        return worker.work(on: work) ? .working : .finished
    }
}
