import KindredDomain
import KindredQuery
import Synchronization

/// Some queries of one planned RECOMMEND on their way through a scan.
///
/// The job belongs to its worker's event loop; other loops read of it only the worker, which does not change, and
/// whether it is dead.
struct ScanPart: WaitingPart, @unchecked Sendable {
    let job: RecommendJob
    let plan: RecommendPlan
    /// Which of the plan's.
    let queries: Range<Int>
    /// The part's number in its request: lower ones go first, so that a late small request does not wait for all
    /// of an early large one.
    let number: Int
    let operationCount: Int

    var queryCount: Int { queries.count }
    var isDead: Bool { job.request.isDead.load(ordering: .relaxed) }
}

/// A batch and whose queries are in it.
final class SharedScan: Sendable {
    let batch: ScanBatch
    /// Until they are taken.
    private let parts: Mutex<[ScanPart]>
    /// Set where others wait for this scan to end.
    let key: ScanKey?
    /// Multiply-adds, of the scan that this one goes on with too.
    let operationCount: Int
    let start: ScanStart
    private let isOver = Atomic<Bool>(false)
    /// The scan that this one goes on with, for some of its queries.
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
        batch = ScanBatch(
            generation: plan.generation, target: plan.side, queries: queries)
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

    /// A scan of the queries for which this one was the wrong engine, if there are any. Only once it is complete.
    func makeRemainder() -> SharedScan? {
        guard let (batch, indices) = batch.makeRemainder() else { return nil }
        return SharedScan(after: self, batch: batch, indices: indices)
    }

    /// What was found for each query of the parts. Only once the scan is complete; once.
    func takeResults() -> [ScanResult] {
        guard let (scan, indices) = before else { return batch.takeResults() }
        var results = scan.takeResults()
        for (index, result) in zip(indices, batch.takeResults()) {
            results[index].replace(by: result)
        }
        return results
    }

    /// The parts, once the scan has ended: it holds none of their jobs any more, so that each ends on the loop that
    /// made it. In the allocator, loops that free what others have made wait for each other.
    func takeParts() -> [ScanPart] {
        parts.withLock { parts in
            var taken: [ScanPart] = []
            swap(&taken, &parts)
            return taken
        }
    }

    /// True once nobody waits for any of it, and once its parts are taken.
    var isDead: Bool {
        parts.withLock { $0.allSatisfy(\.isDead) }
    }

    /// True for the first caller only: whoever ends the scan starts the next one.
    func end() -> Bool { !isOver.exchange(true, ordering: .acquiringAndReleasing) }

    var hasEnded: Bool { isOver.load(ordering: .relaxed) }
}

/// A loop's share in a scan. An object: a worker that was copied with its scan would copy its selections at each
/// change.
final class ScanShare {
    let scan: SharedScan
    var worker: ScanWorker

    init(_ scan: SharedScan) {
        self.scan = scan
        worker = scan.batch.makeWorker()
    }
}

/// What queries must agree in to share a scan.
struct ScanKey: Hashable, Sendable {
    let generation: UInt64
    let target: Side

    init(_ generation: Generation, target: Side) {
        self.generation = generation.identity
        self.target = target
    }
}
