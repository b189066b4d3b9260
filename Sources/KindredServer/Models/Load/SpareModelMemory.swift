import KindredSystem
import NIOCore

/// Keeps the memory of a model's freed generations for its next load, and gives it back to the system after a while.
/// Used on the control thread.
package struct SpareModelMemory {
    /// How long memory is kept.
    package static let kept = TimeAmount.minutes(10)

    package let memory = SpareMemory()
    /// Since when memory has been kept without a load.
    private var since: NIODeadline?

    package init() {}

    /// A load has ended. Frees the memory that it did not reuse; the memory of the generation that it replaces comes
    /// later.
    package mutating func loadEnded() { giveBack() }

    private mutating func giveBack() {
        memory.giveBack()
        since = nil
    }

    /// To be called regularly. Frees memory that was kept for too long.
    package mutating func look(now: NIODeadline) {
        guard memory.byteCount > 0 else {
            since = nil
            return
        }
        let since = since ?? now
        self.since = since
        if now - since >= Self.kept { giveBack() }
    }
}
