import Synchronization

/// Has several threads end where one of them fails, and keeps that failure.
final class LoadStop: Sendable {
    /// What ends a thread that did not fail itself. Nobody is told of it.
    private struct OtherFailed: Error {}

    private let failure = Mutex<(any Error)?>(nil)
    private let isSet = Atomic<Bool>(false)

    /// Any thread. The first failure is kept.
    func set(_ error: any Error) {
        failure.withLock { if $0 == nil { $0 = error } }
        isSet.store(true, ordering: .releasing)
    }

    /// Throws once a thread has failed. Costs next to nothing.
    func check() throws {
        if isSet.load(ordering: .relaxed) { throw OtherFailed() }
    }

    /// Throws the first failure, where there was one.
    func rethrow() throws {
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
