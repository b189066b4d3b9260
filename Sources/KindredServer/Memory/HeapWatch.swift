import KindredDomain
import NIOCore

/// Decides when heap memory that nobody uses goes back to the system. A value: time and figures are parameters.
///
/// Giving back takes a thread's heap away from it for 0.1 to 0.2 ms a mebibyte. So it waits until the process is quiet,
/// or for a minute where it never is.
package struct HeapWatch {
    package static let interval = TimeAmount.seconds(10)
    /// Looks in a row at a busy process, after which it is looked at all the same.
    package static let busyLooksMax = 6
    /// A process is quiet that uses less than one in so many of a processor's nanoseconds.
    package static let quietShare: UInt64 = 5
    /// Bytes that are worth another release: so much more of the process, or so much more that is unused, than the
    /// least since the last one. What was given back still counts as unused.
    package static let growthMin = Limits.unusedHeapBytesMax / 2

    private var last: (time: NIODeadline, processorNanoseconds: UInt64)?
    private var busyLooks = 0
    private var least: (own: UInt64, unused: UInt64)?

    package init() {}

    /// A look from time to time: whether it is time to count what is unused, which itself costs something.
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

    /// Whether so much is unused that it is to be given back.
    package mutating func isTooMuch(unusedByteCount: UInt64, ownByteCount: UInt64) -> Bool {
        guard let found = least else { return unusedByteCount > Limits.unusedHeapBytesMax }
        least = (min(found.own, ownByteCount), min(found.unused, unusedByteCount))
        guard unusedByteCount > Limits.unusedHeapBytesMax else { return false }
        return ownByteCount >= found.own + Self.growthMin || unusedByteCount >= found.unused + Self.growthMin
    }

    /// It was given back: so much the process has now, and so much of it still counts as unused.
    package mutating func released(unusedByteCount: UInt64, ownByteCount: UInt64) {
        least = (ownByteCount, unusedByteCount)
    }
}
