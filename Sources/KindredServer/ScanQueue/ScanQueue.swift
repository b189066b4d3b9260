import KindredDomain
import Synchronization

/// Long scans of the whole process: of each generation and target at most as many as there are event loops. What comes
/// while they run waits for the next one together, so that many queries read the vectors once.
///
/// Who would wait too long is refused at once, and as early as that is known: before its ids are looked up, where the
/// queue of its key is full already.
final class ScanQueue: Sendable {
    /// What a scan is to be begun with; no parts where none is.
    typealias Next = (parts: [ScanPart], start: ScanStart)
    private typealias Line = ScanLine<ScanPart>

    private struct State {
        /// Per key that scans.
        var lines: [ScanKey: Line] = [:]
        /// How fast scans were of keys that scan no more: where a new key begins.
        var pace = ScanPace()
        var queryCount = 0
        /// Scans that have begun and not ended.
        var running: [SharedScan] = []
    }

    private let state = Mutex(State())
    private let queryCountMax: Int
    private let waitMax: UInt64
    /// Scans of a key that run side by side.
    private let scansMax: Int
    /// Keys whose next request would wait too long; nobody locks to find that there are none.
    private let fullCount = Atomic<Int>(0)

    init(limits: Limits, loopCount: Int) {
        scansMax = loopCount
        queryCountMax = Int(limits.pendingQueriesMax)
        waitMax = UInt64(limits.queueMillisecondsMax) * 1_000_000
    }

    /// True where a request for some key would wait too long.
    var mayBeFull: Bool { fullCount.load(ordering: .relaxed) > 0 }

    /// How long scans of so many multiply-adds take, by the pace of those before.
    func nanoseconds(for operationCount: Int) -> UInt64 {
        operationCount == 0 ? 0 : state.withLock { $0.pace.nanoseconds(for: operationCount) }
    }

    /// How long a request that came now would wait, if that is too long. One of one part goes before the later parts of
    /// others.
    func excess(of key: ScanKey, isOnePart: Bool) -> UInt64? {
        state.withLock { state in
            guard let wait = state.lines[key]?.wait(isOnePart: isOnePart), wait > waitMax else { return nil }
            return wait
        }
    }

    /// Takes all parts of each request, which follow each other, or none of them where it would wait too long or beyond
    /// its deadline: those are returned with how long that is. And the parts of a scan to begin, where none of the key
    /// runs, or where the loop that asks is idle.
    func submit(
        _ parts: [ScanPart], key: ScanKey, isIdle: Bool, now: UInt64
    ) -> (begin: Next, refused: [(request: PendingRequest, wait: UInt64)]) {
        state.withLock { state in
            var refused: [(request: PendingRequest, wait: UInt64)] = []
            // Taken out, so that its array is not copied.
            var line = state.lines.removeValue(forKey: key) ?? Line(pace: state.pace)
            let wasFull = isFull(line)
            var start = 0
            while start < parts.count {
                let end = parts[(start + 1)...].firstIndex { $0.number == 0 } ?? parts.count
                let request = parts[start].job.request
                let queryCount = parts[start..<end].reduce(0) { $0 + $1.queryCount }
                let wait = line.wait(isOnePart: end == start + 1)
                let isLate = wait > waitMax || now + wait > request.deadline
                if state.queryCount + queryCount > queryCountMax || isLate && !line.isEmpty {
                    refused.append((request, wait))
                } else {
                    state.queryCount += queryCount
                    line.append(parts[start..<end])
                }
                start = end
            }
            let begin =
                line.begins(isIdle: isIdle, scansMax: scansMax)
                ? take(from: &line, &state.queryCount, now) : ([], ScanStart(time: now))
            keep(line, of: key, in: &state, wasFull: wasFull)
            return (begin, refused)
        }
    }

    /// A scan of a key has begun, which idle loops may help with until `next(after:)`.
    func add(_ scan: SharedScan) { state.withLock { $0.running.append(scan) } }

    /// Scans of keys that have not ended.
    var runningCount: Int { state.withLock { $0.running.count { !$0.hasEnded } } }

    /// A scan that runs and has units that nobody took.
    func unfinished() -> SharedScan? {
        state.withLock { state in state.running.first { $0.batch.hasUnits } }
    }

    /// A scan of a key has ended, with its remainder: the parts of the next one, if any wait. Of one that was given up
    /// (not `isComplete`), nothing is learned about the pace.
    func next(after scan: SharedScan, key: ScanKey, now: UInt64, isComplete: Bool) -> Next {
        state.withLock { state in
            state.running.removeAll(where: \.hasEnded)
            guard var line = state.lines.removeValue(forKey: key) else { return ([], ScanStart(time: now)) }
            let wasFull = isFull(line)
            line.end(scan.start, operations: isComplete ? scan.operationCount : nil, now: now)
            state.pace = line.pace
            let begin = take(from: &line, &state.queryCount, now)
            keep(line, of: key, in: &state, wasFull: wasFull)
            return begin
        }
    }

    /// Keeps a line for as long as a scan of it runs.
    private func keep(_ line: Line, of key: ScanKey, in state: inout State, wasFull: Bool) {
        count(line.runningCount == 0 ? nil : line, wasFull: wasFull)
        if line.runningCount > 0 { state.lines[key] = line }
    }

    private func isFull(_ line: Line) -> Bool { line.wait(isOnePart: false) > waitMax }

    private func count(_ line: Line?, wasFull: Bool) {
        let isFull = line.map { self.isFull($0) } ?? false
        guard isFull != wasFull else { return }
        fullCount.add(isFull ? 1 : -1, ordering: .relaxed)
    }

    private func take(from line: inout Line, _ pendingCount: inout Int, _ now: UInt64) -> Next {
        let (taken, queryCount, start) = line.takeNext(now: now)
        pendingCount -= queryCount
        return (taken, start)
    }
}
