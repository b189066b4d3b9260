import KindredDomain
import KindredWire

/// The first answers to some of a pool's requests.
struct AnswerSamples {
    struct Answer {
        let version: UInt64
        let digest: UInt64
    }

    /// By the request's number in the pool.
    private(set) var answers: [Int: Answer] = [:]
    private(set) var faults = 0
    private(set) var firstFault: String?

    /// By the request's number in the pool; its end where no further one is wanted.
    private var isWanted: [Bool] = []
    /// By ticket, what has come of answers.
    private var partial: [UInt64: AnswerDigest] = [:]

    /// Of the first `count` requests that differ from one another.
    init(_ count: Int, of pool: RequestPool) {
        var seen: Set<[UInt8]> = []
        for entry in pool.entries.indices where seen.count < count {
            isWanted.append(seen.insert(Array(pool.body(entry))).inserted)
        }
    }

    /// Takes in a frame. Throws where it cannot be read.
    mutating func take(_ reply: RequestLoad.Reply, _ body: RawSpan) throws {
        guard reply.entry < isWanted.count, isWanted[reply.entry] else { return }
        var digest = partial.removeValue(forKey: reply.ticket) ?? AnswerDigest()
        if reply.isEnd, reply.header.status != StatusCode.ok.rawValue { return }
        digest.add(try ServerReply.decode(header: reply.header, body: body))
        guard reply.isEnd else {
            partial[reply.ticket] = digest
            return
        }
        isWanted[reply.entry] = false
        answers[reply.entry] = Answer(version: digest.version, digest: digest.value)
        if let fault = digest.fault {
            faults += 1
            firstFault = firstFault ?? "request \(reply.entry): \(fault)"
        }
    }
}
