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

    init(_ generation: Generation, target: Side) {
        self.generation = ObjectIdentifier(generation)
        self.target = target
    }
}
