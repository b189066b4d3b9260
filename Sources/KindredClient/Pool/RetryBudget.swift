internal import Synchronization

/// How many retries a client may still make: every call earns a part of one, so that retries stay a share of
/// the calls however many of them fail.
package final class RetryBudget: Sendable {
    /// Hundredths of a retry that are held at most: ten retries.
    private static let heldMax = 1_000

    private let earnedPerCall: Int
    private let held: Atomic<Int>

    /// A full budget that earns `percent` hundredths of a retry per call.
    package init(percent: Int) {
        earnedPerCall = max(0, min(percent, 100))
        held = Atomic(percent > 0 ? Self.heldMax : 0)
    }

    /// A call begins.
    package func earn() {
        let now = held.add(earnedPerCall, ordering: .relaxed).newValue
        if now > Self.heldMax { held.subtract(now - Self.heldMax, ordering: .relaxed) }
    }

    /// True when a retry may be made; it is then spent.
    package func spend() -> Bool {
        if held.subtract(100, ordering: .relaxed).newValue >= 0 { return true }
        held.add(100, ordering: .relaxed)
        return false
    }
}
