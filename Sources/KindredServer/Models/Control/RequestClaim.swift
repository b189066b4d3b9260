import KindredDomain
import Synchronization

/// Decides once whether a switch is made or has failed.
///
/// The control thread takes the claim before it makes the switch; from then on no failure is reported. The event loop
/// gives the claim up before it reports a failure; from then on the switch is not made. The first of them wins.
package final class RequestClaim: Sendable {
    private enum State {
        static let open: UInt8 = 0
        static let taken: UInt8 = 1
        static let givenUp: UInt8 = 2
    }

    private let state = Atomic<UInt8>(State.open)
    /// Nanoseconds of `NIODeadline`. The switch is not made after it.
    private let deadline: UInt64
    private let timeoutMilliseconds: UInt32

    package init(deadline: UInt64, timeoutMilliseconds: UInt32) {
        self.deadline = deadline
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// The failure of a request that was not done in time.
    package var lateness: RequestFailure { .deadlineExceeded(milliseconds: timeoutMilliseconds) }

    /// Whether the request may still be done at `now`.
    package func isOpen(now: UInt64) -> Bool {
        now <= deadline && state.load(ordering: .relaxed) == State.open
    }

    /// True: the caller must do the request now. False: it has failed, and must not be done.
    package func take(now: UInt64) -> Bool {
        guard now <= deadline else {
            _ = giveUp()
            return false
        }
        return state.compareExchange(
            expected: State.open, desired: State.taken, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// True: the request has failed, and is not done. False: it is done, or being done.
    package func giveUp() -> Bool {
        let before = state.compareExchange(
            expected: State.open, desired: State.givenUp, ordering: .acquiringAndReleasing)
        return before.exchanged || before.original == State.givenUp
    }
}
