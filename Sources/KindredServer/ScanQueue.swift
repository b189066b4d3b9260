import DequeModule
import KindredDomain
import Synchronization

/// Long scans of the whole process: one at a time per generation and target, the others' queries wait for the
/// next one together, so that many queries read the vectors once.
///
/// Who would wait too long is refused at once, and as early as that is known: before its ids are looked up, where the
/// queue of its key is full already.
final class ScanQueue: Sendable {
    private struct Line {
        /// In their order.
        var parts: Deque<ScanPart> = []
        var operationCount = 0
        /// Of those that are the first ones of their requests, behind which a request of one part waits.
        var firstOperationCount = 0
        /// Of the scan that runs.
        var runningOperationCount = 0
        var startedAt: UInt64 = 0
        var pace = ScanPace()

        /// How long a request will wait that comes now.
        func wait(isOnePart: Bool) -> UInt64 {
            pace.nanoseconds(for: isOnePart ? firstOperationCount : operationCount)
        }
    }

    private struct State {
        /// Per key that scans.
        var lines: [ScanKey: Line] = [:]
        /// How fast scans were of keys that scan no more: where a new key begins.
        var pace = ScanPace()
        var queryCount = 0
    }

    /// Queries and multiply-adds of one scan: some hundred milliseconds at most, so that the next one is near.
    private static let queriesPerScanMax = 256
    private static let operationsPerScanMax = 2_000_000_000

    private let state = Mutex(State())
    private let queryCountMax: Int
    private let waitMax: UInt64
    /// Keys whose next request would wait too long; nobody locks to find that there are none.
    private let fullCount = Atomic<Int>(0)

    init(limits: Limits) {
        queryCountMax = Int(limits.pendingQueriesMax)
        waitMax = UInt64(limits.queueMillisecondsMax) * 1_000_000
    }

    /// True where a request for some key would wait too long.
    var mayBeFull: Bool { fullCount.load(ordering: .relaxed) > 0 }

    /// How long a request that came now would wait, if that is too long. One of one part goes before the later parts of
    /// others.
    func excess(of key: ScanKey, isOnePart: Bool) -> UInt64? {
        state.withLock { state in
            guard let wait = state.lines[key]?.wait(isOnePart: isOnePart), wait > waitMax else { return nil }
            return wait
        }
    }

    /// Takes all parts of each request, which follow each other, or none of them where it would wait too long or beyond
    /// its deadline: those are returned with how long that is. If no scan of the key runs, the parts of one to begin.
    func submit(
        _ parts: [ScanPart], key: ScanKey, now: UInt64
    ) -> (begin: [ScanPart], refused: [(request: PendingRequest, wait: UInt64)]) {
        state.withLock { state in
            var refused: [(request: PendingRequest, wait: UInt64)] = []
            let isRunning = state.lines[key] != nil
            // Taken out, so that its array is not copied.
            var line = state.lines.removeValue(forKey: key) ?? Line(pace: state.pace)
            let wasFull = isFull(line)
            var start = 0
            while start < parts.count {
                let end = parts[(start + 1)...].firstIndex { $0.number == 0 } ?? parts.count
                let request = parts[start].job.request
                let queryCount = parts[start..<end].reduce(0) { $0 + $1.queries.count }
                let wait = line.wait(isOnePart: end == start + 1)
                let isLate = wait > waitMax || now + wait > request.deadline
                if state.queryCount + queryCount > queryCountMax || isLate && !line.parts.isEmpty {
                    refused.append((request, wait))
                } else {
                    state.queryCount += queryCount
                    line.operationCount += parts[start..<end].reduce(0) { $0 + $1.operationCount }
                    line.firstOperationCount += parts[start].operationCount
                    Self.insert(parts[start..<end], into: &line.parts)
                }
                start = end
            }
            let begin = isRunning ? [] : take(from: &line, &state.queryCount, now)
            let isOver = !isRunning && begin.isEmpty
            count(isOver ? nil : line, wasFull: wasFull)
            if !isOver { state.lines[key] = line }
            return (begin, refused)
        }
    }

    /// A scan has ended: the parts of the next one, if any wait. Of one that was given up (not `isComplete`), nothing
    /// is learned about the pace.
    func next(after key: ScanKey, now: UInt64, isComplete: Bool) -> [ScanPart] {
        state.withLock { state in
            guard var line = state.lines.removeValue(forKey: key) else { return [] }
            let wasFull = isFull(line)
            if isComplete {
                line.pace.note(
                    operations: line.runningOperationCount, nanoseconds: now - min(now, line.startedAt))
            }
            state.pace = line.pace
            let begin = take(from: &line, &state.queryCount, now)
            count(begin.isEmpty ? nil : line, wasFull: wasFull)
            if !begin.isEmpty { state.lines[key] = line }
            return begin
        }
    }

    private func isFull(_ line: Line) -> Bool { line.wait(isOnePart: false) > waitMax }

    private func count(_ line: Line?, wasFull: Bool) {
        let isFull = line.map { self.isFull($0) } ?? false
        guard isFull != wasFull else { return }
        fullCount.add(isFull ? 1 : -1, ordering: .relaxed)
    }

    /// Puts parts among others in the order of their numbers, behind those of the same number. Most parts are first
    /// ones, and go to the end.
    private static func insert(_ parts: ArraySlice<ScanPart>, into waiting: inout Deque<ScanPart>) {
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

    /// Takes what fits the next scan, nothing where nothing waits any more.
    private func take(from line: inout Line, _ pendingCount: inout Int, _ now: UInt64) -> [ScanPart] {
        var taken: [ScanPart] = []
        var queryCount = 0
        var operationCount = 0
        while let part = line.parts.first {
            let isDead = part.job.request.isDead.load(ordering: .relaxed)
            let fits =
                queryCount + part.queries.count <= Self.queriesPerScanMax
                && operationCount + part.operationCount <= Self.operationsPerScanMax
            guard isDead || fits || taken.isEmpty else { break }
            line.parts.removeFirst()
            line.operationCount -= part.operationCount
            if part.number == 0 { line.firstOperationCount -= part.operationCount }
            pendingCount -= part.queries.count
            if isDead { continue }
            queryCount += part.queries.count
            operationCount += part.operationCount
            taken.append(part)
        }
        line.runningOperationCount = operationCount
        line.startedAt = now
        return taken
    }
}
