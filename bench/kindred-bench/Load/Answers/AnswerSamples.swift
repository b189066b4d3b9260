import KindredDomain
import KindredWire

/// The first answers to some requests of a pool.
struct AnswerSamples {
    struct Answer {
        let version: UInt64
        let digest: UInt64
    }

    /// By the request's index in the pool.
    private(set) var answers: [Int: Answer] = [:]
    private(set) var faults = 0
    private(set) var firstFault: String?

    /// By the request's index in the pool; ends after the last wanted one.
    private var isWanted: [Bool] = []
    /// Incomplete answers by ticket.
    private var partial: [UInt64: AnswerDigest] = [:]

    /// Samples the first `count` distinct requests.
    init(_ count: Int, of pool: RequestPool) {
        var seen: Set<[UInt8]> = []
        for entry in pool.entries.indices where seen.count < count {
            isWanted.append(seen.insert(Array(pool.body(entry))).inserted)
        }
    }

    /// Merges another thread's samples. Where both have an answer, this one's stays; a different answer by the same
    /// version is a fault.
    mutating func merge(_ other: AnswerSamples) {
        faults += other.faults
        firstFault = firstFault ?? other.firstFault
        for (request, theirs) in other.answers.sorted(by: { $0.key < $1.key }) {
            guard let mine = answers[request] else {
                isWanted[request] = false
                answers[request] = theirs
                continue
            }
            guard mine.version == theirs.version, mine.digest != theirs.digest else { continue }
            faults += 1
            firstFault =
                firstFault
                ?? "request \(request) by version \(mine.version): \(mine.digest.hexadecimal) to one thread, "
                + "\(theirs.digest.hexadecimal) to another"
        }
    }

    /// Adds a frame. Throws where it cannot be decoded.
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
