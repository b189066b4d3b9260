import KindredDomain
import NIOCore

/// Decides when unused heap memory is given back to the system. A value: times and sizes are parameters.
///
/// Giving back blocks the threads that use the same heap. So it waits until the process is quiet, but for a minute at
/// most.
package struct HeapWatch {
    package static let interval = TimeAmount.seconds(10)
    /// Looks in a row that find the process busy; after so many, unused memory is counted all the same.
    package static let busyLooksMax = 6
    /// A process is quiet while it uses less than a fifth of one processor's time: one nanosecond in this many.
    package static let quietShare: UInt64 = 5
    /// The next release waits until the process or its unused heap has grown by this many bytes over its minimum since
    /// the last release. The allocator counts memory as unused even after it was given back.
    package static let growthMin = Limits.unusedHeapBytesMax / 2

    private var last: (time: NIODeadline, processorNanoseconds: UInt64)?
    private var busyLooks = 0
    private var least: (own: UInt64, unused: UInt64)?

    package init() {}

    /// To be called once an interval. True: count the unused memory now; counting takes time itself.
    package mutating func isTime(now: NIODeadline, processorNanoseconds: UInt64) -> Bool {
        defer { last = (now, processorNanoseconds) }
        guard let last, now > last.time, processorNanoseconds >= last.processorNanoseconds else {
            return false
        }
        let used = processorNanoseconds - last.processorNanoseconds
        let passed = UInt64((now - last.time).nanoseconds)
        let isQuiet = used < passed / Self.quietShare
        busyLooks = isQuiet ? 0 : busyLooks + 1
        guard isQuiet || busyLooks >= Self.busyLooksMax else { return false }
        busyLooks = 0
        return true
    }

    /// Whether enough memory is unused to give it back.
    package mutating func isTooMuch(unusedByteCount: UInt64, ownByteCount: UInt64) -> Bool {
        guard let found = least else { return unusedByteCount > Limits.unusedHeapBytesMax }
        least = (min(found.own, ownByteCount), min(found.unused, unusedByteCount))
        guard unusedByteCount > Limits.unusedHeapBytesMax else { return false }
        return ownByteCount >= found.own + Self.growthMin || unusedByteCount >= found.unused + Self.growthMin
    }

    /// Memory was given back; the sizes are those after it.
    package mutating func released(unusedByteCount: UInt64, ownByteCount: UInt64) {
        least = (ownByteCount, unusedByteCount)
    }
}
