import KindredDomain
import KindredQuery
import Synchronization

/// One planned RECOMMEND on its way through a scan.
///
/// The request belongs to `worker`'s event loop; other loops carry the entry without touching it.
struct ScanEntry: @unchecked Sendable {
    let request: PendingRequest
    let plan: RecommendPlan
    let worker: LoopWorker
}

/// A batch and whose queries are in it.
final class SharedScan: Sendable {
    let batch: ScanBatch
    let entries: [ScanEntry]
    /// Set where others wait for this scan to end.
    let key: ScanKey?

    init(entries: [ScanEntry], key: ScanKey?) {
        self.entries = entries
        self.key = key
        let plan = entries[0].plan
        batch = ScanBatch(
            generation: plan.generation, target: plan.generation.side(plan.target)!,
            queries: entries.count == 1 ? plan.queries : entries.flatMap(\.plan.queries))
    }
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
        var waiting: [ScanKey: [ScanEntry]] = [:]
        var queryCount = 0
    }

    /// Queries of one scan, unless a single request has more: what follows a scan is done in one go.
    private static let queriesPerScanMax = 256

    private let state = Mutex(State())
    private let queryCountMax: Int

    init(limits: Limits) { queryCountMax = Int(limits.pendingQueriesMax) }

    /// Begins a scan of the entries, or leaves them to the next one. Entries beyond the bound are returned.
    func submit(_ entries: [ScanEntry], key: ScanKey) -> (scan: SharedScan?, refused: [ScanEntry]) {
        state.withLock { state in
            guard state.waiting[key] != nil else {
                state.waiting[key] = []
                return (SharedScan(entries: entries, key: key), [])
            }
            var refused: [ScanEntry] = []
            for entry in entries {
                let count = entry.plan.queries.count
                if state.queryCount + count > queryCountMax {
                    refused.append(entry)
                } else {
                    state.queryCount += count
                    state.waiting[key]!.append(entry)
                }
            }
            return (nil, refused)
        }
    }

    /// A scan has ended: the next one of those that waited, if any.
    func next(after key: ScanKey) -> SharedScan? {
        state.withLock { state in
            guard let entries = state.waiting[key], !entries.isEmpty else {
                state.waiting[key] = nil
                return nil
            }
            var taken = 1
            var queryCount = entries[0].plan.queries.count
            while taken < entries.count, queryCount < Self.queriesPerScanMax {
                queryCount += entries[taken].plan.queries.count
                taken += 1
            }
            state.waiting[key] = Array(entries[taken...])
            state.queryCount -= queryCount
            return SharedScan(entries: Array(entries[..<taken]), key: key)
        }
    }
}
