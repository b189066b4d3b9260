/// Latencies of one kind of request, sorted by what the audience was doing.
struct BystanderTally: Sendable {
    private static let failuresMax = 1_000

    private(set) var latencies: [StreamPhase.Stage: Histogram] = [:]
    private(set) var failures = 0
    private(set) var firstFailure: String?

    /// False once so much has failed that more would tell nothing.
    var goesOn: Bool { failures < Self.failuresMax }

    mutating func add(_ elapsed: Duration, begun: StreamPhase.Stage, ended: StreamPhase.Stage) {
        // A request that touches the scan belongs to it.
        let stage = begun == .idle && ended == .scan ? ended : begun
        latencies[stage, default: Histogram()].record(elapsed)
    }

    mutating func fail(_ error: any Error) {
        failures += 1
        firstFailure = firstFailure ?? "\(error)"
    }
}
