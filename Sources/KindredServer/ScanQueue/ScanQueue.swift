import KindredDomain
import Synchronization

/// Long scans of the whole process, and the requests that wait for them. Any loop may use it.
///
/// Of each key (generation and side) at most as many scans run as there are event loops. Requests that come meanwhile
/// wait for the next scan together, so that it reads the vectors once for many queries.
///
/// Requests whose predicted wait exceeds `--queue-ms` are refused, as early as that is known: before their ids are
/// looked up, where the backlog of their key is full already.
final class ScanQueue: Sendable {
    typealias Next = ScanBacklogs<ScanKey, ScanPart>.Next
    typealias Refusal = ScanBacklogs<ScanKey, ScanPart>.Refusal

    private struct State {
        var backlogs: ScanBacklogs<ScanKey, ScanPart>
        /// Scans that have begun and not ended.
        var running: [SharedScan] = []
    }

    private let state: Mutex<State>
    /// Keys whose next request would wait too long. Read without the lock: most of the time there is none.
    private let fullCount = Atomic<Int>(0)

    init(limits: Limits, loopCount: Int) {
        state = Mutex(State(backlogs: ScanBacklogs(limits: limits, scansMax: loopCount)))
    }

    /// Whether a request for some key would wait too long.
    var mayBeFull: Bool { fullCount.load(ordering: .relaxed) > 0 }

    /// How long scans of so many multiply-adds take, as estimated from the scans before.
    func nanoseconds(for operationCount: Int) -> UInt64 {
        operationCount == 0 ? 0 : state.withLock { $0.backlogs.throughput.nanoseconds(for: operationCount) }
    }

    /// The predicted wait of a request that comes now, where that is too long.
    func overlongWait(of key: ScanKey, isSmall: Bool) -> UInt64? {
        state.withLock { $0.backlogs.overlongWait(of: key, isSmall: isSmall) }
    }

    /// Takes or refuses requests, whose parts follow each other. Begins a scan where none of the key runs, or where the
    /// calling loop is idle.
    func submit(
        _ parts: [ScanPart], key: ScanKey, isIdle: Bool, now: UInt64
    ) -> (begin: Next, refused: [Refusal]) {
        state.withLock { state in
            let result = state.backlogs.submit(parts, key: key, isIdle: isIdle, now: now)
            fullCount.store(state.backlogs.fullCount, ordering: .relaxed)
            return result
        }
    }

    /// A scan has begun. Idle loops may help with it until `next(after:)`.
    func add(_ scan: SharedScan) { state.withLock { $0.running.append(scan) } }

    /// Scans that have begun and not ended.
    var runningCount: Int { state.withLock { $0.running.count { !$0.hasEnded } } }

    /// A scan that runs and has units that no thread has taken.
    func unfinished() -> SharedScan? {
        state.withLock { state in state.running.first { $0.batch.hasUnits } }
    }

    /// The next scan of a key after one that has ended, if requests wait. Learns the throughput from the ended scan,
    /// unless it was given up (not `isComplete`).
    func next(after scan: SharedScan, key: ScanKey, now: UInt64, isComplete: Bool) -> Next {
        state.withLock { state in
            state.running.removeAll(where: \.hasEnded)
            let operations = isComplete ? scan.operationCount : nil
            let next = state.backlogs.next(after: scan.start, operations: operations, key: key, now: now)
            fullCount.store(state.backlogs.fullCount, ordering: .relaxed)
            return next
        }
    }
}

/// An event loop's last look at the queue, at most a millisecond old. Saves locking the queue for each of many requests
/// that are refused in one tick.
struct QueueEstimate {
    private static let nanosecondsMax: UInt64 = 1_000_000

    private var key: ScanKey?
    private var isSmall = true
    private var time: UInt64 = 0
    private var overlongWait: UInt64?

    /// The predicted wait of a request that comes now, where that is too long; nanoseconds.
    mutating func overlongWait(of key: ScanKey, isSmall: Bool, in queue: ScanQueue, now: UInt64) -> UInt64? {
        if key != self.key || isSmall != self.isSmall || now > time + Self.nanosecondsMax {
            (self.key, self.isSmall, time) = (key, isSmall, now)
            overlongWait = queue.overlongWait(of: key, isSmall: isSmall)
        }
        return overlongWait
    }
}
