import KindredDomain
import DequeModule

/// Some queries of a request that waits for a scan.
package protocol WaitingPart {
    /// The part's number in its request, from 0 on.
    var number: Int { get }
    /// Parts of lower ranks are scanned first: the number, and one more where the part finds many rows for a query.
    var rank: Int { get }
    var queryCount: Int { get }
    /// Rows that the scan of its queries finds, at most, by the time that each takes.
    var resultCount: Int { get }
    /// Multiply-adds.
    var operationCount: Int { get }
    /// When the request's time is over; nanoseconds.
    var deadline: UInt64 { get }
    /// The request was answered, cancelled or dropped.
    var isDead: Bool { get }
    /// The request was scanned before and needs further rows. It was taken once and is not refused now, because its
    /// work would be lost.
    var isFurther: Bool { get }
}

/// When a scan began, and how long the scans of its key had taken by then; nanoseconds.
package struct ScanStart: Sendable {
    package let time: UInt64
    let scanTime: UInt64

    /// The start of a scan that is in no backlog.
    package init(time: UInt64) { self.init(time: time, scanTime: 0) }

    init(time: UInt64, scanTime: UInt64) {
        self.time = time
        self.scanTime = scanTime
    }
}

/// Estimated scan throughput, from the scans that ended lately; predicts queueing time. A value.
package struct ScanThroughput {
    private var operations = 0.0
    private var nanoseconds = 0.0

    /// The weight of an earlier scan shrinks by this factor with each further scan.
    private static let decay = 0.9

    package init() {}

    /// Counts a scan that has ended.
    package mutating func note(operations: Double, nanoseconds: UInt64) {
        self.operations = self.operations * Self.decay + operations
        self.nanoseconds = self.nanoseconds * Self.decay + Double(max(1, nanoseconds))
    }

    /// How long so many multiply-adds take; 0 while no scan has ended.
    package func nanoseconds(for operations: Int) -> UInt64 {
        guard self.operations > 0 else { return 0 }
        let wait = Double(operations) / self.operations * nanoseconds
        return wait < 0x1p62 ? UInt64(wait) : 1 << 62
    }
}

/// The requests that wait for a scan of one key, and how many scans of the key run. A value.
///
/// First parts of requests go before second ones, and so on, each in the order of arrival. A query for many rows goes
/// with the second ones. So a small request does not wait for all large ones that came before it.
package struct ScanBacklog<Part: WaitingPart> {
    /// Queries of one scan.
    package static var queriesPerScanMax: Int { 256 }
    /// Rows that the queries of one scan find, at most: each thread of a scan has as many, and they are merged at once.
    /// A part that finds more is scanned alone. Who asks for few rows waits for all queries of a scan.
    package static var resultsPerScanMax: Int { 256 << 10 }
    /// Multiply-adds of one scan: some hundred milliseconds at most, so that the next scan is near. A larger part is
    /// scanned alone.
    package static var operationsPerScanMax: Int { 2_000_000_000 }

    package private(set) var throughput: ScanThroughput
    /// Waiting parts in the order in which they are scanned.
    private var parts: Deque<Part> = []
    /// Multiply-adds of all waiting parts.
    private var operationCount = 0
    /// Multiply-adds of waiting parts of rank 0. A request of one such part waits for these alone.
    private var firstOperationCount = 0
    /// Scans of the key that run.
    package private(set) var runningCount = 0
    /// The sum of the durations of all scans until `countedAt`; nanoseconds.
    private var scanTime: UInt64 = 0
    private var countedAt: UInt64 = 0

    /// An empty backlog. `throughput`: as estimated from scans of other keys.
    package init(throughput: ScanThroughput) { self.throughput = throughput }

    package var isEmpty: Bool { parts.isEmpty }

    /// Whether a loop with a request for the key begins a further scan. A loop that takes part in a scan waits, so that
    /// requests gather, unless no scan of the key runs.
    package func begins(isIdle: Bool, scansMax: Int) -> Bool {
        runningCount == 0 || isIdle && runningCount < scansMax
    }

    /// The predicted wait of a request that comes now; nanoseconds. `isSmall`: it has one part, of rank 0.
    package func wait(isSmall: Bool) -> UInt64 {
        throughput.nanoseconds(for: isSmall ? firstOperationCount : operationCount)
    }

    /// Adds all parts of a request.
    package mutating func append(_ request: ArraySlice<Part>) {
        for part in request {
            operationCount += part.operationCount
            if part.rank == 0 { firstOperationCount += part.operationCount }
            insert(part)
        }
    }

    private mutating func insert(_ part: Part) {
        // Most requests have one part, which goes to the end where no later parts wait.
        if let last = parts.last, last.rank <= part.rank {
            parts.append(part)
        } else {
            let index = (0..<parts.count).partitioningIndex { parts[$0].rank > part.rank }
            parts.insert(part, at: index)
        }
    }

    /// Dequeues the next scan, which runs from now on; drops dead parts. Returns no parts if none wait. `queryCount`
    /// counts the queries removed, those of dropped parts included.
    package mutating func takeNext(now: UInt64) -> (parts: [Part], queryCount: Int, start: ScanStart) {
        var taken: [Part] = []
        var takenQueryCount = 0
        var takenResultCount = 0
        var takenOperationCount = 0
        var queryCount = 0
        while let part = parts.first {
            let isDead = part.isDead
            let fits =
                takenQueryCount + part.queryCount <= Self.queriesPerScanMax
                && takenResultCount + part.resultCount <= Self.resultsPerScanMax
                && takenOperationCount + part.operationCount <= Self.operationsPerScanMax
            guard isDead || fits || taken.isEmpty else { break }
            parts.removeFirst()
            operationCount -= part.operationCount
            if part.rank == 0 { firstOperationCount -= part.operationCount }
            queryCount += part.queryCount
            if isDead { continue }
            takenQueryCount += part.queryCount
            takenResultCount += part.resultCount
            takenOperationCount += part.operationCount
            taken.append(part)
        }
        countTime(until: now)
        if !taken.isEmpty { runningCount += 1 }
        return (taken, queryCount, ScanStart(time: now, scanTime: scanTime))
    }

    /// A scan has ended. `operations`: the multiply-adds of a complete scan; nil where it was given up.
    ///
    /// Where on average n scans ran side by side, the key's throughput is n times that of this scan.
    package mutating func end(_ start: ScanStart, operations: Int?, now: UInt64) {
        countTime(until: now)
        runningCount -= 1
        let nanoseconds = now - min(now, start.time)
        guard let operations, nanoseconds > 0 else { return }
        let together = Double(scanTime - start.scanTime) / Double(nanoseconds)
        throughput.note(operations: Double(operations) * max(1, together), nanoseconds: nanoseconds)
    }

    private mutating func countTime(until now: UInt64) {
        scanTime += UInt64(runningCount) * (now - min(now, countedAt))
        countedAt = max(countedAt, now)
    }
}
