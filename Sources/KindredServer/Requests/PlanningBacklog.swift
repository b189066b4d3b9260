/// The planning that waits on a loop, and how long it takes, as estimated from the steps done lately. A value.
package struct PlanningBacklog {
    /// Steps of requests that are not planned yet.
    package private(set) var stepCount = 0
    /// Multiply-adds of their scans, which are in no queue yet.
    package private(set) var operationCount = 0
    /// An exponential moving average.
    private var nanosecondsPerStep = 0.0

    /// The weight of the average of earlier steps beside a further step.
    private static let decay = 0.95

    package init() {}

    /// Counts a whole step that took so long.
    package mutating func note(nanoseconds: UInt64) {
        let value = Double(nanoseconds)
        nanosecondsPerStep =
            nanosecondsPerStep == 0 ? value : nanosecondsPerStep * Self.decay + value * (1 - Self.decay)
    }

    package mutating func add(stepCount: Int, operationCount: Int) {
        self.stepCount += stepCount
        self.operationCount += operationCount
    }

    package mutating func remove(stepCount: Int, operationCount: Int) {
        self.stepCount -= stepCount
        self.operationCount -= operationCount
    }

    /// How long the waiting steps take where planning has `share` of the loop's time; nanoseconds. 0 while no step was
    /// measured.
    package func wait(share: Double) -> UInt64 {
        let wait = Double(stepCount) * nanosecondsPerStep / share
        return wait < 0x1p62 ? UInt64(wait) : 1 << 62
    }
}
