import KindredClient
import KindredDomain
import Synchronization

/// Sends requests without pause during a version swap, and records the times and the version of each answer.
final class SwapWatch: Sendable {
    struct Answer: Sendable {
        let sent: ContinuousClock.Instant
        let received: ContinuousClock.Instant
        let version: UInt64

        var latency: Duration { received - sent }
    }

    struct Result: Sendable {
        var answers: [Answer] = []
        /// By user, the checksum of the first answer.
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

    /// Stops at the first answer by this version or a later one.
    func stop(with version: UInt64) { versionAwaited.store(version, ordering: .relaxed) }

    /// Sends requests until `stop` and compares each user's answers with the first one. Blocks.
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
            result.answers.append(
                Answer(sent: reply.sent, received: reply.received, version: answer.version))
            let awaited = versionAwaited.load(ordering: .relaxed)
            return awaited == 0 || answer.version < awaited
        }
        return result
    }
}
