import KindredDomain
import Synchronization

/// Decides, once, what becomes of a request that changes something: it is done, or it has failed.
///
/// Whoever does it takes the claim first, and from then on nobody says that the request has failed; whoever says that
/// it has failed gives the claim up first, and from then on nobody does it. The first of them wins, on any thread.
package final class RequestClaim: Sendable {
    private enum State {
        static let open: UInt8 = 0
        static let taken: UInt8 = 1
        static let givenUp: UInt8 = 2
    }

    private let state = Atomic<UInt8>(State.open)
    /// Nanoseconds of `NIODeadline`; nothing is done after it.
    private let deadline: UInt64
    private let timeoutMilliseconds: UInt32

    package init(deadline: UInt64, timeoutMilliseconds: UInt32) {
        self.deadline = deadline
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// What is said of a request that came to nothing in time.
    package var lateness: RequestFailure { .deadlineExceeded(milliseconds: timeoutMilliseconds) }

    /// Whether the request may still be done at `now`.
    package func isOpen(now: UInt64) -> Bool {
        now <= deadline && state.load(ordering: .relaxed) == State.open
    }

    /// True: the caller does now what the request asks for. False: it has failed, and must not be done any more.
    package func take(now: UInt64) -> Bool {
        guard now <= deadline else {
            _ = giveUp()
            return false
        }
        return state.compareExchange(
            expected: State.open, desired: State.taken, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// True: the request has failed, and is not done. False: it is being done, or was.
    package func giveUp() -> Bool {
        let before = state.compareExchange(
            expected: State.open, desired: State.givenUp, ordering: .acquiringAndReleasing)
        return before.exchanged || before.original == State.givenUp
    }
}
