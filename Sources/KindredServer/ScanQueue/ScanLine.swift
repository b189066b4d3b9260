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

/// When a scan began, and how long scans of its line had taken by then; nanoseconds.
package struct ScanStart: Sendable {
    package let time: UInt64
    let scanTime: UInt64

    /// Of a scan that is in no line.
    package init(time: UInt64) { self.init(time: time, scanTime: 0) }

    init(time: UInt64, scanTime: UInt64) {
        self.time = time
        self.scanTime = scanTime
    }
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
    /// Nanoseconds of all scans until `countedAt`.
    private var scanTime: UInt64 = 0
    private var countedAt: UInt64 = 0

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
    package mutating func takeNext(now: UInt64) -> (parts: [Part], queryCount: Int, start: ScanStart) {
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
        countTime(until: now)
        if !taken.isEmpty { runningCount += 1 }
        return (taken, queryCount, ScanStart(time: now, scanTime: scanTime))
    }

    /// A scan has ended. Of one that is complete, `operations` is how many it had, which tell the pace: with the scans
    /// that ran beside it, on average so many in all, the line gets so many times as much done.
    package mutating func end(_ start: ScanStart, operations: Int?, now: UInt64) {
        countTime(until: now)
        runningCount -= 1
        let nanoseconds = now - min(now, start.time)
        guard let operations, nanoseconds > 0 else { return }
        let together = Double(scanTime - start.scanTime) / Double(nanoseconds)
        pace.note(operations: Double(operations) * max(1, together), nanoseconds: nanoseconds)
    }

    private mutating func countTime(until now: UInt64) {
        scanTime += UInt64(runningCount) * (now - min(now, countedAt))
        countedAt = max(countedAt, now)
    }
}
