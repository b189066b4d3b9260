import KindredDomain

/// The backlogs of all keys: decides which scans begin and which requests are refused. A value.
package struct ScanBacklogs<Key: Hashable, Part: WaitingPart> {
    /// The parts of a scan to begin; no parts where none is to begin.
    package typealias Next = (parts: [Part], start: ScanStart)
    /// The first part of a request that is refused, and the request's predicted wait in nanoseconds.
    package typealias Refusal = (first: Part, wait: UInt64)

    private let queryCountMax: Int
    private let waitMax: UInt64
    /// Scans of one key that run side by side.
    private let scansMax: Int
    /// By key; only of keys of which a scan runs.
    private var backlogs: [Key: ScanBacklog<Part>] = [:]
    /// Queries that wait, of all keys.
    private var queryCount = 0
    /// As estimated from the scan that ended last: the first estimate for a new key.
    package private(set) var throughput = ScanThroughput()
    /// Keys whose next request would wait too long.
    package private(set) var fullCount = 0

    package init(limits: Limits, scansMax: Int) {
        self.scansMax = scansMax
        queryCountMax = Int(limits.pendingQueriesMax)
        waitMax = UInt64(limits.queueMillisecondsMax) * 1_000_000
    }

    /// The predicted wait of a request that comes now, where that is too long; nanoseconds. A request of one part, for
    /// few rows (`isSmall`), goes before the later parts of other requests.
    package func overlongWait(of key: Key, isSmall: Bool) -> UInt64? {
        guard let wait = backlogs[key]?.wait(isSmall: isSmall), wait > waitMax else { return nil }
        return wait
    }

    /// Takes requests, whose parts follow each other. Refuses those that would wait too long or beyond their deadline,
    /// and those beyond the limit of waiting queries; a request is taken or refused as a whole. Further scans of
    /// requests that were taken are never refused: each request has one at a time, of few queries. Begins a scan where
    /// none of the key runs, or where the calling loop is idle.
    package mutating func submit(
        _ parts: [Part], key: Key, isIdle: Bool, now: UInt64
    ) -> (begin: Next, refused: [Refusal]) {
        var refused: [Refusal] = []
        // Taken out of the dictionary, so that its array is not copied.
        var backlog = backlogs.removeValue(forKey: key) ?? ScanBacklog(throughput: throughput)
        let wasFull = isFull(backlog)
        var start = 0
        while start < parts.count {
            let end = parts[(start + 1)...].firstIndex { $0.number == 0 } ?? parts.count
            let count = parts[start..<end].reduce(0) { $0 + $1.queryCount }
            let wait = backlog.wait(isSmall: end == start + 1 && parts[start].rank == 0)
            let isLate = wait > waitMax || now + wait > parts[start].deadline
            let isTooMuch = queryCount + count > queryCountMax || isLate && !backlog.isEmpty
            if isTooMuch, !parts[start].isFurther {
                refused.append((parts[start], wait))
            } else {
                queryCount += count
                backlog.append(parts[start..<end])
            }
            start = end
        }
        let begin =
            backlog.begins(isIdle: isIdle, scansMax: scansMax)
            ? takeNext(from: &backlog, now) : ([], ScanStart(time: now))
        keep(backlog, of: key, wasFull: wasFull)
        return (begin, refused)
    }

    /// A scan has ended: begins the next one of its key, if requests wait. `operations`: the multiply-adds of a
    /// complete scan; nil where it was given up, which says nothing about the throughput.
    package mutating func next(after start: ScanStart, operations: Int?, key: Key, now: UInt64) -> Next {
        guard var backlog = backlogs.removeValue(forKey: key) else { return ([], ScanStart(time: now)) }
        let wasFull = isFull(backlog)
        backlog.end(start, operations: operations, now: now)
        throughput = backlog.throughput
        let next = takeNext(from: &backlog, now)
        keep(backlog, of: key, wasFull: wasFull)
        return next
    }

    /// Keeps a backlog for as long as a scan of its key runs.
    private mutating func keep(_ backlog: ScanBacklog<Part>, of key: Key, wasFull: Bool) {
        let isKept = backlog.runningCount > 0
        let isFull = isKept && isFull(backlog)
        if isFull != wasFull { fullCount += isFull ? 1 : -1 }
        if isKept { backlogs[key] = backlog }
    }

    private func isFull(_ backlog: ScanBacklog<Part>) -> Bool { backlog.wait(isSmall: false) > waitMax }

    private mutating func takeNext(from backlog: inout ScanBacklog<Part>, _ now: UInt64) -> Next {
        let (taken, count, start) = backlog.takeNext(now: now)
        queryCount -= count
        return (taken, start)
    }
}
