/// How fast long scans get done, from those that ended lately: so how long what waits will wait.
package struct ScanPace {
    private var operations = 0.0
    private var nanoseconds = 0.0

    /// What an earlier scan still counts after each further one.
    private static let memory = 0.9

    package init() {}

    /// Counts a scan that has ended.
    package mutating func note(operations: Double, nanoseconds: UInt64) {
        self.operations = self.operations * Self.memory + operations
        self.nanoseconds = self.nanoseconds * Self.memory + Double(max(1, nanoseconds))
    }

    /// How long so many operations take; 0 while no scan has ended.
    package func nanoseconds(for operations: Int) -> UInt64 {
        guard self.operations > 0 else { return 0 }
        let wait = Double(operations) / self.operations * nanoseconds
        return wait < 0x1p62 ? UInt64(wait) : 1 << 62
    }
}
