import KindredDomain
import KindredServer
import TestSupport
import Testing

/// Which scans begin, and which requests are rejected: the decisions of the queue of long scans.
@Suite struct ScanBacklogsTests {
    private struct Part: WaitingPart, Equatable {
        let request: Int
        var number = 0
        var queryCount = 1
        var resultCount = 1
        var operationCount = 1_000
        var deadline = UInt64.max
        var isDead = false
        var isFurther = false

        var rank: Int { number }
    }

    private typealias Backlogs = ScanBacklogs<String, Part>

    /// Waits of up to a millisecond, and up to 1,000 waiting queries.
    private func backlogs(scansMax: Int = 1) -> Backlogs {
        var limits = Limits.standard
        limits.pendingQueriesMax = 1_000
        limits.queueMillisecondsMax = 1
        return Backlogs(limits: limits, scansMax: scansMax)
    }

    /// The same, where a scan of key `a` runs and an operation takes a nanosecond.
    private func busyBacklogs(scansMax: Int = 1) -> (Backlogs, running: ScanStart) {
        var backlogs = backlogs(scansMax: scansMax)
        let first = backlogs.submit([Part(request: -2)], key: "a", isIdle: true, now: 0).begin
        _ = backlogs.submit([Part(request: -1)], key: "a", isIdle: false, now: 0)
        let second = backlogs.next(after: first.start, operations: 1_000, key: "a", now: 1_000)
        #expect(second.parts.map(\.request) == [-1])
        return (backlogs, second.start)
    }

    private func submit(
        _ backlogs: inout Backlogs, _ parts: [Part], key: String = "a", isIdle: Bool = false,
        now: UInt64 = 1_000
    ) -> (begun: [Int], refused: [Int]) {
        let (begin, refused) = backlogs.submit(parts, key: key, isIdle: isIdle, now: now)
        return (begin.parts.map(\.request), refused.map(\.first.request))
    }

    @Test func firstRequestOfAKeyBeginsAScan() {
        var backlogs = backlogs()
        #expect(submit(&backlogs, [Part(request: 1), Part(request: 2)]) == ([1, 2], []))
        #expect(submit(&backlogs, [Part(request: 3)]) == ([], []))
        #expect(submit(&backlogs, [Part(request: 4)], key: "b") == ([4], []))
    }

    /// A request whose rules need more rows was taken once: its work is not thrown away, however full the queue is.
    @Test func furtherScansAreNotRefused() {
        var (backlogs, running) = busyBacklogs()
        let long = Part(request: 0, queryCount: 1_000, operationCount: 100_000_000)
        #expect(submit(&backlogs, [long]) == ([], []))
        #expect(submit(&backlogs, [Part(request: 1)]) == ([], [1]))
        let further = Part(request: 2, queryCount: 32, deadline: 2_000, isFurther: true)
        #expect(submit(&backlogs, [further]) == ([], []))
        let next = backlogs.next(after: running, operations: 1_000, key: "a", now: 2_000)
        #expect(next.parts.map(\.request) == [0])
        running = next.start
        #expect(
            backlogs.next(after: running, operations: 1_000, key: "a", now: 3_000).parts.map(\.request) == [2]
        )
    }

    @Test func requestsThatComeMeanwhileShareTheNextScan() {
        var (backlogs, running) = busyBacklogs()
        for request in 0..<3 { #expect(submit(&backlogs, [Part(request: request)]) == ([], [])) }
        let next = backlogs.next(after: running, operations: 1_000, key: "a", now: 2_000)
        #expect(next.parts.map(\.request) == [0, 1, 2])
        #expect(backlogs.next(after: next.start, operations: 3_000, key: "a", now: 5_000).parts.isEmpty)
        #expect(backlogs.next(after: next.start, operations: 1, key: "a", now: 6_000).parts.isEmpty)
    }

    @Test func idleLoopBeginsAScanBesideAnother() {
        var (backlogs, _) = busyBacklogs(scansMax: 2)
        #expect(submit(&backlogs, [Part(request: 1)], isIdle: true) == ([1], []))
        #expect(submit(&backlogs, [Part(request: 2)], isIdle: true) == ([], []))
    }

    /// A request is rejected where the parts before it take longer than a request may wait.
    @Test(arguments: [0, 1]) func requestsThatWouldWaitTooLongAreRejected(beyond: Int) {
        var (backlogs, _) = busyBacklogs()
        #expect(submit(&backlogs, [Part(request: 1, operationCount: 1_000_000 + beyond)]) == ([], []))
        #expect(backlogs.fullCount == beyond)
        #expect((backlogs.overlongWait(of: "a", isSmall: true) != nil) == (beyond == 1))
        #expect(backlogs.overlongWait(of: "b", isSmall: true) == nil)
        #expect(submit(&backlogs, [Part(request: 2)]) == ([], beyond == 1 ? [2] : []))
    }

    /// A request of one part waits for first parts alone; one of several parts waits for all.
    @Test func smallRequestsAreNotRejectedForLaterParts() {
        var (backlogs, _) = busyBacklogs()
        let large = (0..<4).map { Part(request: 1, number: $0, operationCount: 500_000) }
        #expect(submit(&backlogs, large) == ([], []))
        #expect(backlogs.fullCount == 1)
        #expect(backlogs.overlongWait(of: "a", isSmall: false) == 2_000_000)
        #expect(backlogs.overlongWait(of: "a", isSmall: true) == nil)
        let parts = [Part(request: 2), Part(request: 3), Part(request: 3, number: 1)]
        #expect(submit(&backlogs, parts) == ([], [3]))
    }

    @Test func requestsThatWouldMissTheirDeadlineAreRejected() {
        var (backlogs, _) = busyBacklogs()
        // With an empty backlog the wait is unknown: nothing is rejected.
        #expect(submit(&backlogs, [Part(request: 1, operationCount: 5_000, deadline: 0)]) == ([], []))
        #expect(submit(&backlogs, [Part(request: 2, deadline: 6_000)]) == ([], []))
        #expect(submit(&backlogs, [Part(request: 3, deadline: 6_999)]) == ([], [3]))
    }

    /// The limit of waiting queries holds over all keys, and counts dropped requests no more.
    @Test func waitingQueriesAreLimited() {
        var (backlogs, running) = busyBacklogs()
        #expect(submit(&backlogs, [Part(request: 1, queryCount: 600, isDead: true)]) == ([], []))
        #expect(submit(&backlogs, [Part(request: 2, queryCount: 401)], key: "b") == ([], [2]))
        #expect(submit(&backlogs, [Part(request: 3, queryCount: 400)]) == ([], []))
        #expect(submit(&backlogs, [Part(request: 4)]) == ([], [4]))
        let next = backlogs.next(after: running, operations: 1_000, key: "a", now: 2_000)
        #expect(next.parts.map(\.request) == [3])
        #expect(submit(&backlogs, [Part(request: 5, queryCount: 1_000)]) == ([], []))
    }

    /// A key is full no more once its requests are taken.
    @Test func fullKeysAreCounted() {
        var (backlogs, running) = busyBacklogs()
        #expect(submit(&backlogs, [Part(request: 1, operationCount: 3_000_000)]) == ([], []))
        #expect(backlogs.fullCount == 1)
        let next = backlogs.next(after: running, operations: 1_000, key: "a", now: 2_000)
        #expect(next.parts.count == 1 && backlogs.fullCount == 0)
        #expect(backlogs.next(after: next.start, operations: nil, key: "a", now: 3_000).parts.isEmpty)
        #expect(backlogs.fullCount == 0)
    }

    /// Requests at random: every one is scanned once or rejected once, and nothing stays behind.
    @Test func everyRequestIsScannedOrRejected() {
        var generator = SeededGenerator.announced()
        var backlogs = backlogs(scansMax: 2)
        var running: [(key: String, start: ScanStart)] = []
        var open: Set<Int> = []
        var now: UInt64 = 0
        var refusedCount = 0
        func begin(_ next: Backlogs.Next, _ key: String) {
            guard !next.parts.isEmpty else { return }
            running.append((key, next.start))
            for part in next.parts { #expect(open.remove(part.request) != nil) }
        }
        for request in 0..<5_000 {
            now += UInt64.random(in: 0...100_000, using: &generator)
            let key = ["a", "b", "c"].randomElement(using: &generator)!
            if !running.isEmpty, Bool.random(using: &generator) {
                let ended = running.remove(at: Int.random(in: running.indices, using: &generator))
                let next = backlogs.next(
                    after: ended.start, operations: Int.random(in: 1...100_000, using: &generator),
                    key: ended.key, now: now)
                begin(next, ended.key)
            }
            open.insert(request)
            let part = Part(
                request: request, queryCount: Int.random(in: 1...32, using: &generator),
                operationCount: Int.random(in: 1...1_000_000, using: &generator))
            let (next, refused) = backlogs.submit(
                [part], key: key, isIdle: Bool.random(using: &generator), now: now)
            refusedCount += refused.count
            for refusal in refused { #expect(open.remove(refusal.first.request) != nil) }
            begin(next, key)
        }
        while let ended = running.popLast() {
            now += 1_000
            begin(backlogs.next(after: ended.start, operations: nil, key: ended.key, now: now), ended.key)
        }
        #expect(open.isEmpty && backlogs.fullCount == 0)
        #expect(refusedCount > 0 && refusedCount < 5_000, "\(refusedCount)")
    }
}
