/// What an event loop knows of the queue of long scans without asking each time: that is locked, and many may be
/// refused in a tick.
struct QueueEstimate {
    /// How old that may be.
    private static let nanosecondsMax: UInt64 = 1_000_000

    private var key: ScanKey?
    private var isOnePart = true
    private var time: UInt64 = 0
    private var excess: UInt64?

    /// How long a request of a key that came now would wait, if that is too long.
    mutating func excess(of key: ScanKey, isOnePart: Bool, in queue: ScanQueue, now: UInt64) -> UInt64? {
        if key != self.key || isOnePart != self.isOnePart || now > time + Self.nanosecondsMax {
            (self.key, self.isOnePart, time) = (key, isOnePart, now)
            excess = queue.excess(of: key, isOnePart: isOnePart)
        }
        return excess
    }
}
