/// The counts of one connection or of all.
struct SwapTally: Sendable {
    var requests = 0
    var failures = 0
    var firstFailure: String?
    /// Answers that differ from those of the version they name.
    var wrong = 0
    var firstWrong: String?
    /// Answers by an older version after a newer one on the same connection.
    var stepsBack = 0
    var versions: Set<UInt64> = []
    var latencies: [SwapPhase: Histogram] = [:]

    mutating func add(_ other: SwapTally) {
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

/// What happens beside a request.
enum SwapPhase: Int, Sendable {
    /// Neither packing nor a swap.
    case steady
    /// The bench packs the next version, which competes for the processors.
    case packing
    /// From a version's publication to its activation.
    case swapping
}
