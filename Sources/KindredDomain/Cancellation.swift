import Synchronization

/// A flag that asks a long piece of work to stop.
///
/// The work reads the flag from time to time and ends with an error of its own. Any thread may call.
package final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    /// Asks the work to stop. Cannot be undone.
    package func cancel() { flag.store(true, ordering: .relaxed) }

    package var isCancelled: Bool { flag.load(ordering: .relaxed) }
}
