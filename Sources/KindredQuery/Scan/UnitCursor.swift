import Synchronization

/// Deals the units of a phase to whoever asks, each once, and knows when all are done.
struct UnitCursor: ~Copyable, Sendable {
    let count: Int
    private let next = Atomic<Int>(0)
    private let doneCount = Atomic<Int>(0)

    init(count: Int) { self.count = count }

    /// A unit that nobody has taken yet; nil when none is left.
    func take() -> Int? {
        let unit = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return unit < count ? unit : nil
    }

    /// Says that a unit that was taken is done: releases what it wrote to whoever sees `isComplete`.
    func finish() { _ = doneCount.wrappingAdd(1, ordering: .acquiringAndReleasing) }

    var isComplete: Bool { doneCount.load(ordering: .acquiring) == count }
}
