import Synchronization

/// Tells a long piece of work that nobody wants its result any more.
///
/// Whoever works looks at it from time to time and ends with an error of its own. Any thread may call.
package final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    /// Asks the work to end. It stays cancelled.
    package func cancel() { flag.store(true, ordering: .relaxed) }

    package var isCancelled: Bool { flag.load(ordering: .relaxed) }
}
