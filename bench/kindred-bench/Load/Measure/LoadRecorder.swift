import KindredDomain
import KindredWire

/// Counts the replies to one thread during one measurement.
struct LoadRecorder {
    /// Latencies of answered requests from their planned times.
    private(set) var latency = Histogram()
    private(set) var byKind: [RequestKind: Histogram] = [:]
    /// Latencies of requests that overlapped a version swap, and of the others.
    private(set) var duringSwaps = Histogram()
    private(set) var outsideSwaps = Histogram()
    private(set) var failures: [UInt16: FailureTally] = [:]
    /// Answered requests by version.
    private(set) var versions: [UInt64: Int] = [:]
    /// Complete replies; then replies and answers that came before the end.
    private(set) var replies = 0
    private(set) var repliesInTime = 0
    private(set) var answersInTime = 0
    private(set) var queriesInTime = 0

    private let pool: RequestPool
    /// By ticket, the status of a failed query in an earlier frame of an answer.
    private var failedParts: [UInt64: UInt16] = [:]
    private let swaps: SwapWindows?

    /// `kinds`: the kinds of requests in the pool.
    init(pool: RequestPool, kinds: Set<RequestKind>, swaps: SwapWindows?) {
        self.pool = pool
        self.swaps = swaps
        for kind in kinds { byKind[kind] = Histogram() }
    }

    /// Adds a frame of an answer.
    mutating func take(_ reply: RequestLoad.Reply, _ body: RawSpan, isInTime: Bool) throws {
        guard reply.isEnd else {
            if let status = ReplySummary(reply.header, body).failedStatus {
                failedParts[reply.ticket] = status
            }
            return
        }
        replies += 1
        if isInTime { repliesInTime += 1 }
        guard reply.header.status == StatusCode.ok.rawValue else {
            guard case .failure(let error) = try ServerReply.decode(header: reply.header, body: body) else {
                throw WireFailure.unexpectedAnswer(reply: "of status \(reply.header.status)")
            }
            return fail(reply, error.status, error.message)
        }
        let summary = ReplySummary(reply.header, body)
        if let status = summary.failedStatus ?? failedParts.removeValue(forKey: reply.ticket) {
            return fail(reply, status, "a query of request \(reply.entry)")
        }
        let entry = pool.entries[reply.entry]
        if isInTime {
            answersInTime += 1
            queriesInTime += entry.queryCount
        }
        latency.record(reply.latency)
        byKind[entry.kind]?.record(reply.latency)
        if summary.version > 0 { versions[summary.version, default: 0] += 1 }
        switch swaps?.touch(since: reply.intended) {
        case true?: duringSwaps.record(reply.latency)
        case false?: outsideSwaps.record(reply.latency)
        case nil: break
        }
    }

    /// Adds another thread's counts, after all its answers.
    mutating func merge(_ other: LoadRecorder) {
        latency.merge(other.latency)
        for (kind, histogram) in other.byKind { byKind[kind]?.merge(histogram) }
        duringSwaps.merge(other.duringSwaps)
        outsideSwaps.merge(other.outsideSwaps)
        failures.merge(other.failures) { mine, theirs in
            var both = mine
            both.merge(theirs)
            return both
        }
        versions.merge(other.versions, uniquingKeysWith: +)
        replies += other.replies
        repliesInTime += other.repliesInTime
        answersInTime += other.answersInTime
        queriesInTime += other.queriesInTime
    }

    private mutating func fail(_ reply: RequestLoad.Reply, _ status: UInt16, _ example: String) {
        failures[status, default: FailureTally(status: status, example: example)].add(
            reply.received - reply.sent)
    }
}
