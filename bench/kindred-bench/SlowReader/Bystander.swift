import Synchronization

/// Sends small requests, one after another, beside an audience.
struct Bystander: Sendable {
    /// Pause after each answer. Without it the bystander would take processor time that the server needs.
    private static let pause = Duration.milliseconds(1)

    let phase: StreamPhase
    let request: @Sendable (_ number: Int) async throws -> Void

    /// Sends requests until the phase is `over`.
    func run() async -> BystanderTally {
        var tally = BystanderTally()
        var number = 0
        while phase.now != .over, tally.hasFewFailures {
            let begun = phase.now
            let start = ContinuousClock.now
            do {
                try await request(number)
                tally.add(ContinuousClock.now - start, begun: begun, ended: phase.now)
                try await Task.sleep(for: Self.pause)
            } catch {
                tally.fail(error)
            }
            number += 1
        }
        return tally
    }
}

/// Latencies of one kind of request by phase of the audience.
struct BystanderTally: Sendable {
    private static let failuresMax = 1_000

    private(set) var latencies: [StreamPhase.Stage: Histogram] = [:]
    private(set) var failures = 0
    private(set) var firstFailure: String?

    /// False once too many requests have failed.
    var hasFewFailures: Bool { failures < Self.failuresMax }

    mutating func add(_ elapsed: Duration, begun: StreamPhase.Stage, ended: StreamPhase.Stage) {
        // A request that overlaps the scan counts as part of it.
        let stage = begun == .idle && ended == .scan ? ended : begun
        latencies[stage, default: Histogram()].record(elapsed)
    }

    mutating func fail(_ error: any Error) {
        failures += 1
        firstFailure = firstFailure ?? "\(error)"
    }
}

/// The phase of the audience, for measurements beside it.
final class StreamPhase: Sendable {
    enum Stage: Int, CaseIterable, Sendable {
        /// Before the audience.
        case idle
        /// From the request to the first rows.
        case scan
        /// From the first rows to the last.
        case rows
        case over
    }

    private let stage = Atomic<Int>(Stage.idle.rawValue)

    var now: Stage {
        get { Stage(rawValue: stage.load(ordering: .relaxed)) ?? .over }
        set { stage.store(newValue.rawValue, ordering: .relaxed) }
    }
}
