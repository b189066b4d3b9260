import KindredDomain
import KindredWire

/// Checks the merging of two threads' samples: one answer per request, and a fault where they differ.
enum AnswerSamplesCheck {
    private static let pool = RequestPool.users(4, k: 1)
    /// One thread's answers by request.
    private static let ours: [Int: UInt64] = [0: 10, 1: 11]
    /// Another thread's answers by request, and the expected number of faults.
    private static let theirs: [(answers: [Int: UInt64], faults: Int)] = [
        ([1: 11, 2: 12], 0), ([1: 99, 2: 12], 1), ([2: 12], 0), ([0: 99, 1: 99, 2: 12], 2),
    ]

    static func run() throws -> Check {
        var differences: [String] = []
        for (answers, faults) in theirs {
            var samples = try samples(ours)
            samples.merge(try Self.samples(answers))
            let requests = samples.answers.keys.sorted()
            if samples.faults != faults || requests != [0, 1, 2] {
                differences.append(
                    "\(answers): \(samples.faults) faults in \(requests), wanted \(faults) in [0, 1, 2]")
            }
        }
        return Check(
            none: "of \(theirs.count) merges of two threads' answers, wrong ones",
            found: differences.count, example: differences.first)
    }

    private static func samples(_ answers: [Int: UInt64]) throws -> AnswerSamples {
        var samples = AnswerSamples(pool.entries.count, of: pool)
        for (request, opaque) in answers {
            let now = ContinuousClock.now
            // A PONG's body is its PING's.
            var body = ByteWriter()
            ClientMessage.ping(opaque).encodeBody(into: &body)
            let header = FrameHeader(
                bodyLength: UInt32(body.byteCount), type: MessageType.ping.rawValue | MessageType.replyBit,
                flags: .end, requestID: 1, argument: UInt32(StatusCode.ok.rawValue))
            let reply = RequestLoad.Reply(
                entry: request, intended: now, sent: now, received: now, header: header, ticket: 0)
            try samples.take(reply, body.bytes.span.bytes)
        }
        return samples
    }
}
