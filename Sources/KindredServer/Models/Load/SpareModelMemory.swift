import KindredSystem
import NIOCore

/// The memory of a model's generations that are gone, until a load takes it or it has waited for long. Touched on the
/// control thread alone.
package struct SpareModelMemory {
    /// For how long memory waits.
    package static let kept = TimeAmount.minutes(10)

    package let memory = SpareMemory()
    /// Since when there has been some and no load.
    private var since: NIODeadline?

    package init() {}

    /// A version was loaded, or refused: what it had no use for, the next one has none for either. What a loaded one
    /// replaces is yet to come.
    package mutating func loadEnded() { giveBack() }

    private mutating func giveBack() {
        memory.giveBack()
        since = nil
    }

    /// To be called from time to time: what has waited for long goes back to the system.
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
