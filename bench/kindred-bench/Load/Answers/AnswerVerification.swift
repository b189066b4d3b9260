import KindredClient
import KindredWire

/// Repeats sampled requests after the load: alone, on their own connection, one at a time.
struct AnswerVerification: Encodable {
    private(set) var compared = 0
    private(set) var differences = 0
    private(set) var firstDifference: String?
    /// Number of answers by another version than under load.
    private(set) var otherVersion = 0

    /// Repeats all samples, or those that `version` answered. Blocks.
    mutating func run(
        _ endpoint: Endpoint, pool: RequestPool, samples: AnswerSamples, version: UInt64? = nil
    ) throws {
        let entries = samples.answers.keys.sorted().filter {
            version == nil || samples.answers[$0]?.version == version
        }
        guard !entries.isEmpty else { return }
        let load = try RequestLoad(endpoint, pool: pool.selecting(entries), connections: 1)
        var digest = AnswerDigest()
        var left = entries.count
        try load.run(.closed(inFlight: 1)) { reply, body in
            let part = try ServerReply.decode(header: reply.header, body: body)
            digest.add(part)
            guard reply.isEnd else { return true }
            if case .failure(let error) = part {
                differ("request \(entries[reply.entry]) failed alone: \(error.message)")
            } else if let wanted = samples.answers[entries[reply.entry]] {
                compare(digest, with: wanted, request: entries[reply.entry])
            }
            digest = AnswerDigest()
            left -= 1
            return left > 0
        }
    }

    private mutating func compare(_ found: AnswerDigest, with wanted: AnswerSamples.Answer, request: Int) {
        guard found.version == wanted.version else {
            otherVersion += 1
            return
        }
        compared += 1
        guard found.value != wanted.digest || found.fault != nil else { return }
        differ(
            "request \(request) by version \(found.version): \(wanted.digest.hexadecimal) under load, "
                + "\(found.value.hexadecimal) alone" + (found.fault.map { ", \($0)" } ?? ""))
    }

    private mutating func differ(_ text: String) {
        differences += 1
        firstDifference = firstDifference ?? text
    }
}
