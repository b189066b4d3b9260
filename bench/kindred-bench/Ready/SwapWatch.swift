import KindredClient
import KindredDomain
import Synchronization

/// Requests without pause while a version is swapped, each with its times and the version that answered.
final class SwapWatch: Sendable {
    struct Sighting: Sendable {
        let sent: ContinuousClock.Instant
        let received: ContinuousClock.Instant
        let version: UInt64

        var latency: Duration { received - sent }
    }

    struct Result: Sendable {
        var sightings: [Sighting] = []
        /// Of each user that was asked for, the answer's first checksum.
        var checksums: [Int: UInt64] = [:]
        var differences = 0
        var firstDifference: String?
    }

    private let load: RequestLoad
    private let inFlight: Int
    private let versionAwaited = Atomic<UInt64>(0)

    init(_ endpoint: Endpoint, inFlight: Int) throws {
        load = try RequestLoad(
            endpoint, pool: .users(DrawnModel.userCount, k: 10), connections: inFlight)
        self.inFlight = inFlight
    }

    /// Ends the requests with the first answer of this version or a later one.
    func stop(with version: UInt64) { versionAwaited.store(version, ordering: .relaxed) }

    /// Asks until `stop`, and compares each user's answers with the first one. Blocks.
    func run() throws -> Result {
        var result = Result()
        try load.run(.closed(inFlight: inFlight)) { reply, body in
            try reply.requireOK(body)
            let answer = try WireAnswer(decoding: body)
            let checksum = AnswerChecksum.of(answer.results)
            let wanted = result.checksums[reply.entry, default: checksum]
            result.checksums[reply.entry] = wanted
            if checksum != wanted {
                result.differences += 1
                result.firstDifference =
                    result.firstDifference
                    ?? "user \(reply.entry) by version \(answer.version): \(checksum.hexadecimal), before "
                    + wanted.hexadecimal
            }
            result.sightings.append(
                Sighting(sent: reply.sent, received: reply.received, version: answer.version))
            let awaited = versionAwaited.load(ordering: .relaxed)
            return awaited == 0 || answer.version < awaited
        }
        return result
    }
}
