import Synchronization

/// A phase of longer work that is cut into units, which any thread may take.
package protocol SharedWork: AnyObject, Sendable {
    /// Takes one unit and does it. False when none is left to take.
    func work(scratch: ScanScratch) -> Bool

    /// True once every unit is done: then the results may be read.
    var isComplete: Bool { get }
}

/// Deals the units of a phase, each once, to any thread that asks, and knows when all are done.
struct UnitCursor: ~Copyable, Sendable {
    let count: Int
    private let next = Atomic<Int>(0)
    private let doneCount = Atomic<Int>(0)

    init(count: Int) { self.count = count }

    /// A unit that no thread has taken yet; nil when none is left.
    func take() -> Int? {
        let unit = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return unit < count ? unit : nil
    }

    /// Marks a unit that was taken as done. Threads that see `isComplete` see the memory that the unit wrote.
    func finish() { _ = doneCount.wrappingAdd(1, ordering: .acquiringAndReleasing) }

    var isComplete: Bool { doneCount.load(ordering: .acquiring) == count }
}
