internal import Synchronization

/// The retries that a client may still make. Every call earns a part of one, so that retries stay a share of the calls
/// even when all of them fail.
package final class RetryBudget: Sendable {
    /// Greatest balance, in hundredths of a retry: ten retries.
    private static let heldMax = 1_000

    private let earnedPerCall: Int
    private let held: Atomic<Int>

    /// A full budget that earns `percent` hundredths of a retry per call.
    package init(percent: Int) {
        earnedPerCall = max(0, min(percent, 100))
        held = Atomic(percent > 0 ? Self.heldMax : 0)
    }

    /// Adds the share of one call.
    package func earn() {
        let now = held.add(earnedPerCall, ordering: .relaxed).newValue
        if now > Self.heldMax { held.subtract(now - Self.heldMax, ordering: .relaxed) }
    }

    /// Takes one retry from the balance; false when there is none.
    package func spend() -> Bool {
        if held.subtract(100, ordering: .relaxed).newValue >= 0 { return true }
        held.add(100, ordering: .relaxed)
        return false
    }
}
