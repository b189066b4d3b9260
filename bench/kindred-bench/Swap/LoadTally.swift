/// What one connection saw, or all of them together.
struct LoadTally: Sendable {
    var requests = 0
    var failures = 0
    var firstFailure: String?
    /// Answers that were not, to the bit, those of the version they named.
    var wrong = 0
    var firstWrong: String?
    /// Answers of an older version after a newer one's on the same connection.
    var stepsBack = 0
    var versions: Set<UInt64> = []
    var latencies: [LoadPhase: Histogram] = [:]

    mutating func add(_ other: LoadTally) {
        requests += other.requests
        failures += other.failures
        firstFailure = firstFailure ?? other.firstFailure
        wrong += other.wrong
        firstWrong = firstWrong ?? other.firstWrong
        stepsBack += other.stepsBack
        versions.formUnion(other.versions)
        for (phase, latencies) in other.latencies {
            self.latencies[phase, default: Histogram()].merge(latencies)
        }
    }
}
