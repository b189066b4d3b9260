import KindredDomain
import KindredQuery
import Synchronization

/// What queries must agree in to share a scan: generation and side.
struct ScanKey: Hashable, Sendable {
    let generation: UInt64
    let target: Side

    init(_ generation: Generation, target: Side) {
        self.generation = generation.identity
        self.target = target
    }
}

/// Some queries of one planned RECOMMEND on their way through a scan.
///
/// The job belongs to the event loop of its worker. Other loops read two of its members only: the worker, which never
/// changes, and whether the request is dead.
struct ScanPart: WaitingPart, @unchecked Sendable {
    /// Queries of one part.
    static let queriesMax = 32
    /// The greatest `resultCount` of a part of several queries.
    static let resultsMax = 64 << 10
    /// A query that finds more rows is scanned after those that find fewer, and each of its rows counts as several.
    static let resultsUsual = 1_024
    private static let furtherWeight = 4

    let job: RecommendJob
    let plan: RecommendPlan
    /// Which of the plan's queries.
    let queries: Range<Int>
    let number: Int
    let rank: Int
    let resultCount: Int
    let operationCount: Int
    let isFurther: Bool

    /// Rows that a scan finds for a query, by the time that each takes: one among many takes longer, since thresholds
    /// rise slowly.
    static func resultCount(_ count: Int) -> Int { count > resultsUsual ? furtherWeight * count : count }

    var queryCount: Int { queries.count }
    var deadline: UInt64 { job.request.deadline }
    var isDead: Bool { job.request.isDead.load(ordering: .relaxed) }
}

/// The planned requests that a loop scans at the end of a tick, by key. A value.
///
/// Requests of a tick nearly always ask one side of one generation.
struct TickScans {
    typealias Group = (key: ScanKey, parts: [ScanPart])

    private var waiting: [Group] = []
    /// The groups that are being scanned.
    private(set) var begun: [Group] = []

    var isEmpty: Bool { waiting.isEmpty }

    /// Adds a request in parts of at most `ScanPart.queriesMax` queries, fewer where these find many rows. A request
    /// whose queries have all failed is one empty part.
    mutating func add(_ job: RecommendJob, _ plan: RecommendPlan, isFurther: Bool) {
        let key = ScanKey(plan.generation, target: plan.target)
        let group = waiting.firstIndex { $0.key == key } ?? waiting.count
        if group == waiting.count { waiting.append((key, [])) }
        var number = 0
        var start = 0
        repeat {
            let (queries, resultCount, isLarge) = Self.part(of: plan, from: start)
            waiting[group].parts.append(
                ScanPart(
                    job: job, plan: plan, queries: queries, number: number, rank: number + (isLarge ? 1 : 0),
                    resultCount: resultCount,
                    operationCount: ScanCost.of(plan.queries[queries], over: plan.side), isFurther: isFurther)
            )
            start = queries.upperBound
            number += 1
        } while start < plan.queries.count
    }

    /// The part of a plan that begins at a query, the rows that its queries find, and whether one finds many.
    private static func part(
        of plan: RecommendPlan, from start: Int
    ) -> (queries: Range<Int>, resultCount: Int, isLarge: Bool) {
        var end = start
        var resultCount = 0
        var isLarge = false
        while end < min(start + ScanPart.queriesMax, plan.queries.count) {
            let found = min(plan.queries[end].fetchCount, plan.side.table.count)
            let count = ScanPart.resultCount(found)
            if end > start, resultCount + count > ScanPart.resultsMax { break }
            resultCount += count
            isLarge = isLarge || found > ScanPart.resultsUsual
            end += 1
        }
        return (start..<end, resultCount, isLarge)
    }

    /// Begins to scan the groups that wait. Requests that are added from now on belong to the next tick. Both arrays
    /// keep their memory.
    mutating func begin() { swap(&begun, &waiting) }

    /// The groups are scanned.
    mutating func end() { begun.removeAll(keepingCapacity: true) }
}

/// A batch of queries that one or more loops scan, and the requests that wait for it.
final class SharedScan: Sendable {
    let batch: ScanBatch
    /// Empty once they are taken.
    private let parts: Mutex<[ScanPart]>
    /// Nil for a tick's own scan, which is in no queue.
    let key: ScanKey?
    /// Multiply-adds, including those of the scan that this one continues.
    let operationCount: Int
    let start: ScanStart
    private let isOver = Atomic<Bool>(false)
    /// The earlier scan, and the indices of its queries that this scan repeats.
    private let before: (scan: SharedScan, indices: [Int])?

    init(parts: [ScanPart], key: ScanKey?, start: ScanStart) {
        self.start = start
        operationCount = parts.reduce(0) { $0 + $1.operationCount }
        self.parts = Mutex(parts)
        self.key = key
        let plan = parts[0].plan
        var queries: [PlannedQuery] = []
        if parts.count == 1, parts[0].queries.count == plan.queries.count {
            queries = plan.queries
        } else {
            queries.reserveCapacity(parts.reduce(0) { $0 + $1.queries.count })
            for part in parts { queries += part.plan.queries[part.queries] }
        }
        batch = ScanBatch(generation: plan.generation, target: plan.side, queries: queries)
        before = nil
    }

    private init(after scan: SharedScan, batch: ScanBatch, indices: [Int]) {
        start = scan.start
        operationCount = scan.operationCount
        parts = Mutex(scan.takeParts())
        key = scan.key
        self.batch = batch
        before = (scan, indices)
    }

    /// A scan of the queries for which this scan's engine was the wrong one, if there are any. Only once this scan is
    /// complete.
    func makeRemainder() -> SharedScan? {
        guard let (batch, indices) = batch.makeRemainder() else { return nil }
        return SharedScan(after: self, batch: batch, indices: indices)
    }

    /// The results for each query of the parts. Only once the scan is complete; once.
    func takeResults() -> [ScanResult] {
        guard let (scan, indices) = before else { return batch.takeResults() }
        var results = scan.takeResults()
        for (index, result) in zip(indices, batch.takeResults()) {
            results[index].replace(by: result)
        }
        return results
    }

    /// The parts, once the scan has ended. From then on the scan holds none of their jobs, so that each job is freed on
    /// the loop that made it. Freeing memory of other threads makes them wait for each other in the allocator.
    func takeParts() -> [ScanPart] {
        parts.withLock { parts in
            var taken: [ScanPart] = []
            swap(&taken, &parts)
            return taken
        }
    }

    /// True where no request waits for the scan: all are dead, or its parts are taken.
    var isDead: Bool { parts.withLock { $0.allSatisfy(\.isDead) } }

    /// Ends the scan. True for the first caller only, which starts the next scan.
    func end() -> Bool { !isOver.exchange(true, ordering: .acquiringAndReleasing) }

    var hasEnded: Bool { isOver.load(ordering: .relaxed) }
}

/// A loop's share in a scan. An object: a struct would copy the worker's selections at each change.
final class ScanShare {
    let scan: SharedScan
    var worker: ScanWorker

    init(_ scan: SharedScan) {
        self.scan = scan
        worker = scan.batch.makeWorker()
    }
}
