import KindredDomain
import KindredQuery
import Synchronization

/// Some queries of one planned RECOMMEND on their way through a scan.
///
/// The request belongs to `worker`'s event loop; other loops carry the part without touching it.
struct ScanPart: @unchecked Sendable {
    let request: PendingRequest
    let pieces: AnswerPieces
    let worker: LoopWorker
    /// Which of the plan's queries.
    let queries: Range<Int>
    /// The part's number in its request: lower ones go first, so that a late small request does not wait for all
    /// of an early large one.
    let number: Int
    /// Multiply-adds.
    let operationCount: Int
}

/// The selections of one request as its parts come back. Touched by the request's event loop alone.
final class AnswerPieces {
    let plan: RecommendPlan
    var best: [TopRows?]
    var counts: [ScanCounts]
    var queriesLeft: Int

    init(plan: RecommendPlan) {
        self.plan = plan
        best = Array(repeating: nil, count: plan.queries.count)
        counts = Array(repeating: ScanCounts(), count: plan.queries.count)
        queriesLeft = plan.queries.count
    }
}

/// A batch and whose queries are in it.
final class SharedScan: Sendable {
    let batch: ScanBatch
    let parts: [ScanPart]
    /// Set where others wait for this scan to end.
    let key: ScanKey?
    private let hasEnded = Atomic<Bool>(false)
    /// The scan that this one goes on with, for some of its queries.
    private let before: (scan: SharedScan, indices: [Int])?

    /// What a scan found for one query.
    struct Result: Sendable {
        var best: TopRows?
        var counts: ScanCounts
    }

    init(parts: [ScanPart], key: ScanKey?) {
        self.parts = parts
        self.key = key
        let plan = parts[0].pieces.plan
        batch = ScanBatch(
            generation: plan.generation, target: plan.generation.side(plan.target)!,
            queries: parts.flatMap { $0.pieces.plan.queries[$0.queries] })
        before = nil
    }

    private init(after scan: SharedScan, batch: ScanBatch, indices: [Int]) {
        parts = scan.parts
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
    func takeResults() -> [Result] {
        let selections = batch.takeSelections()
        let counts = batch.counts
        let own = selections.indices.map { Result(best: selections[$0], counts: counts[$0]) }
        guard let (scan, indices) = before else { return own }
        var results = scan.takeResults()
        for (index, result) in zip(indices, own) {
            results[index].best = result.best
            results[index].counts.rowsScanned += result.counts.rowsScanned
        }
        return results
    }

    /// True once nobody waits for any of it.
    var isDead: Bool { parts.allSatisfy { $0.request.isDead.load(ordering: .relaxed) } }

    /// True for the first caller only: whoever ends the scan starts the next one.
    func end() -> Bool { !hasEnded.exchange(true, ordering: .acquiringAndReleasing) }
}

/// What queries must agree in to share a scan.
struct ScanKey: Hashable, Sendable {
    let generation: ObjectIdentifier
    let target: Side

    init(_ plan: RecommendPlan) {
        generation = ObjectIdentifier(plan.generation)
        target = plan.target
    }
}

/// Long scans of the whole process: one at a time per generation and target, the others' queries wait for the
/// next one together, so that many queries read the vectors once.
final class ScanQueue: Sendable {
    private struct State {
        /// Per key that scans, the parts that wait, in their order.
        var waiting: [ScanKey: [ScanPart]] = [:]
        var queryCount = 0
    }

    /// Queries and multiply-adds of one scan: some hundred milliseconds at most, so that the next one is near.
    private static let queriesPerScanMax = 256
    private static let operationsPerScanMax = 2_000_000_000

    private let state = Mutex(State())
    private let queryCountMax: Int

    init(limits: Limits) { queryCountMax = Int(limits.pendingQueriesMax) }

    /// Takes all parts of each request, or, over the bound, none of them: those requests are returned. If no scan
    /// of the key runs, the parts of one to begin.
    func submit(
        _ requests: [[ScanPart]], key: ScanKey
    ) -> (begin: [ScanPart], refused: [PendingRequest]) {
        state.withLock { state in
            var refused: [PendingRequest] = []
            let isRunning = state.waiting[key] != nil
            for parts in requests {
                let queryCount = parts.reduce(0) { $0 + $1.queries.count }
                if state.queryCount + queryCount > queryCountMax {
                    refused.append(parts[0].request)
                } else {
                    state.queryCount += queryCount
                    Self.insert(parts, into: &state.waiting[key, default: []])
                }
            }
            return (isRunning ? [] : take(&state, key), refused)
        }
    }

    /// A scan has ended: the parts of the next one, if any wait.
    func next(after key: ScanKey) -> [ScanPart] { state.withLock { take(&$0, key) } }

    /// Puts parts among others in the order of their numbers, behind those of the same number. Most parts are first
    /// ones, and go to the end.
    private static func insert(_ parts: [ScanPart], into waiting: inout [ScanPart]) {
        for part in parts {
            var low = 0
            var high = waiting.count
            if let last = waiting.last, last.number <= part.number { low = high }
            while low < high {
                let middle = (low + high) / 2
                if waiting[middle].number <= part.number { low = middle + 1 } else { high = middle }
            }
            waiting.insert(part, at: low)
        }
    }

    private func take(_ state: inout State, _ key: ScanKey) -> [ScanPart] {
        var taken: [ScanPart] = []
        var rest: [ScanPart] = []
        var queryCount = 0
        var operationCount = 0
        for part in state.waiting[key] ?? [] {
            if part.request.isDead.load(ordering: .relaxed) {
                state.queryCount -= part.queries.count
                continue
            }
            let fits =
                rest.isEmpty && queryCount + part.queries.count <= Self.queriesPerScanMax
                && operationCount + part.operationCount <= Self.operationsPerScanMax
            guard fits || taken.isEmpty else {
                rest.append(part)
                continue
            }
            queryCount += part.queries.count
            operationCount += part.operationCount
            taken.append(part)
        }
        state.queryCount -= queryCount
        state.waiting[key] = taken.isEmpty ? nil : rest
        return taken
    }
}
