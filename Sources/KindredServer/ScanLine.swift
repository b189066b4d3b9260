import DequeModule

/// A part of a request that waits for a scan.
package protocol WaitingPart {
    /// In its request, from 0 on.
    var number: Int { get }
    var queryCount: Int { get }
    /// Multiply-adds.
    var operationCount: Int { get }
    /// Nobody waits for its request any more.
    var isDead: Bool { get }
}

/// What waits for the scans of a key that run, as a value: parts in, in which order they are scanned and how long that
/// takes out.
///
/// First parts of requests go before second ones, and so on, each in the order in which they came: so a small request
/// does not wait for all of a large one that came before it.
package struct ScanLine<Part: WaitingPart> {
    /// Queries and multiply-adds of one scan: some hundred milliseconds at most, so that the next one is near. A part
    /// that is larger is scanned alone.
    package static var queriesPerScanMax: Int { 256 }
    package static var operationsPerScanMax: Int { 2_000_000_000 }

    package private(set) var pace: ScanPace
    private var parts: Deque<Part> = []
    private var operationCount = 0
    /// Of first parts, behind which a request of one part waits.
    private var firstOperationCount = 0
    /// Scans that run.
    package private(set) var runningCount = 0
    /// When the latest one ended.
    private var endedAt: UInt64 = 0

    /// `pace`: of scans before, of whatever key.
    package init(pace: ScanPace) { self.pace = pace }

    package var isEmpty: Bool { parts.isEmpty }

    /// Whether a further scan begins for a loop that has something to be scanned. One that takes part in a scan waits
    /// for company, unless nobody scans the key.
    package func begins(isIdle: Bool, scansMax: Int) -> Bool {
        runningCount == 0 || isIdle && runningCount < scansMax
    }

    /// How long a request will wait that comes now.
    package func wait(isOnePart: Bool) -> UInt64 {
        pace.nanoseconds(for: isOnePart ? firstOperationCount : operationCount)
    }

    /// Adds all parts of a request.
    package mutating func append(_ request: ArraySlice<Part>) {
        for part in request {
            operationCount += part.operationCount
            if part.number == 0 { firstOperationCount += part.operationCount }
            insert(part)
        }
    }

    /// Most parts are first ones, and go to the end.
    private mutating func insert(_ part: Part) {
        var low = 0
        var high = parts.count
        if let last = parts.last, last.number <= part.number { low = high }
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].number <= part.number { low = middle + 1 } else { high = middle }
        }
        parts.insert(part, at: low)
    }

    /// Takes what a further scan has room for, which runs from now on; nothing where nothing waits. `queryCount` is of
    /// all that waits no longer: whom nobody waits for is dropped.
    package mutating func takeNext() -> (parts: [Part], queryCount: Int) {
        var taken: [Part] = []
        var takenQueryCount = 0
        var takenOperationCount = 0
        var queryCount = 0
        while let part = parts.first {
            let isDead = part.isDead
            let fits =
                takenQueryCount + part.queryCount <= Self.queriesPerScanMax
                && takenOperationCount + part.operationCount <= Self.operationsPerScanMax
            guard isDead || fits || taken.isEmpty else { break }
            parts.removeFirst()
            operationCount -= part.operationCount
            if part.number == 0 { firstOperationCount -= part.operationCount }
            queryCount += part.queryCount
            if isDead { continue }
            takenQueryCount += part.queryCount
            takenOperationCount += part.operationCount
            taken.append(part)
        }
        if !taken.isEmpty { runningCount += 1 }
        return (taken, queryCount)
    }

    /// A scan runs no more.
    package mutating func end() { runningCount -= 1 }

    /// A scan of so many operations is complete. Of scans that run side by side, each has taken the time since the one
    /// before it ended: together they are as fast as that.
    package mutating func noteEnd(operations: Int, startedAt: UInt64, now: UInt64) {
        pace.note(operations: operations, nanoseconds: now - min(now, max(startedAt, endedAt)))
        endedAt = max(endedAt, now)
    }
}
