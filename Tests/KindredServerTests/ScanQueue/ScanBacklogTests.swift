import KindredServer
import TestSupport
import Testing

/// The order in which parts are scanned, how many at a time, and their predicted wait.
@Suite struct ScanBacklogTests {
    private struct Part: WaitingPart, Equatable, CustomTestStringConvertible {
        let request: Int
        let number: Int
        var queryCount = 1
        var resultCount = 1
        var operationCount = 1
        var deadline = UInt64.max
        var isDead = false
        var isFurther = false
        var isLarge = false

        var rank: Int { number + (isLarge ? 1 : 0) }
        var testDescription: String { "\(request).\(number)" }
    }

    private func request(_ request: Int, _ count: Int, operations: Int = 1) -> [Part] {
        (0..<count).map { Part(request: request, number: $0, operationCount: operations) }
    }

    /// A backlog of which an operation takes a nanosecond.
    private func backlog() -> ScanBacklog<Part> {
        var throughput = ScanThroughput()
        throughput.note(operations: 1_000_000, nanoseconds: 1_000_000)
        return ScanBacklog(throughput: throughput)
    }

    private func takeNext(_ backlog: inout ScanBacklog<Part>) -> (parts: [Part], queryCount: Int) {
        let (parts, queryCount, _) = backlog.takeNext(now: 0)
        return (parts, queryCount)
    }

    @Test func firstPartsGoBeforeSecondOnes() {
        var backlog = backlog()
        for (number, count) in [(1, 3), (2, 1), (3, 2), (4, 1)] {
            backlog.append(request(number, count)[...])
        }
        let (parts, queryCount) = takeNext(&backlog)
        #expect(parts.map(\.request) == [1, 2, 3, 4, 1, 3, 1])
        #expect(parts.map(\.number) == [0, 0, 0, 0, 1, 1, 2])
        #expect(queryCount == 7)
        #expect(backlog.isEmpty)
    }

    /// Who asks for few rows does not wait for those who ask for many, however early these came.
    @Test func queriesForManyRowsGoWithSecondParts() {
        var backlog = backlog()
        backlog.append([Part(request: 0, number: 0, operationCount: 500, isLarge: true)])
        backlog.append(request(1, 2, operations: 10)[...])
        backlog.append([Part(request: 2, number: 0, operationCount: 500, isLarge: true)])
        #expect(backlog.wait(isSmall: true) == 10 && backlog.wait(isSmall: false) == 1_020)
        backlog.append(request(3, 1, operations: 10)[...])
        #expect(takeNext(&backlog).parts.map(\.request) == [1, 3, 0, 1, 2])
        #expect(backlog.wait(isSmall: false) == 0 && backlog.wait(isSmall: true) == 0)
    }

    /// Requests come between scans at random. Of the parts that wait at the same time, those of lower numbers go first,
    /// and of the same number those that came first.
    @Test func everyPartIsTakenOnceAndInOrder() {
        var generator = SeededGenerator.announced()
        var backlog = backlog()
        var waiting: [Part] = []
        var taken: [Part] = []
        for number in 0..<300 {
            let parts = (0..<Int.random(in: 1...9, using: &generator)).map {
                Part(
                    request: number, number: $0, queryCount: Int.random(in: 1...32, using: &generator),
                    operationCount: Int.random(in: 1...300_000_000, using: &generator),
                    isDead: number % 7 == 0)
            }
            backlog.append(parts[...])
            waiting += parts
            guard Int.random(in: 0..<4, using: &generator) == 0 || number == 299 else { continue }
            repeat {
                let (next, queryCount) = takeNext(&backlog)
                // A stable sort: parts that came first stay first.
                waiting.sort { ($0.number, $0.request) < ($1.number, $1.request) }
                let alive = waiting.filter { !$0.isDead }
                #expect(next == Array(alive.prefix(next.count)))
                let gone = waiting.firstIndex { $0 == alive.dropFirst(next.count).first } ?? waiting.count
                #expect(queryCount == waiting[..<gone].reduce(0) { $0 + $1.queryCount })
                waiting.removeFirst(gone)
                taken += next
                #expect(backlog.isEmpty == waiting.isEmpty)
            } while number == 299 && !waiting.isEmpty
        }
        #expect(Set(taken.map(\.testDescription)).count == taken.count)
        #expect(waiting.isEmpty)
    }

    @Test(arguments: [255, 256, 257]) func queriesOfAScanAreLimited(queryCount: Int) {
        #expect(ScanBacklog<Part>.queriesPerScanMax == 256)
        var backlog = backlog()
        for number in 0..<queryCount { backlog.append(request(number, 1)[...]) }
        #expect(takeNext(&backlog).parts.count == min(queryCount, 256))
        #expect(takeNext(&backlog).parts.count == max(0, queryCount - 256))
    }

    @Test(arguments: [-1, 0, 1]) func operationsOfAScanAreLimited(beyond: Int) {
        var backlog = backlog()
        let half = ScanBacklog<Part>.operationsPerScanMax / 2
        backlog.append([Part(request: 0, number: 0, operationCount: half)])
        backlog.append([Part(request: 1, number: 0, operationCount: half + beyond)])
        #expect(takeNext(&backlog).parts.count == (beyond > 0 ? 1 : 2))
    }

    /// What all queries of a scan find is merged at once.
    @Test(arguments: [-1, 0, 1]) func resultsOfAScanAreLimited(beyond: Int) {
        var backlog = backlog()
        let half = ScanBacklog<Part>.resultsPerScanMax / 2
        backlog.append([Part(request: 0, number: 0, resultCount: half)])
        backlog.append([Part(request: 1, number: 0, resultCount: half + beyond)])
        backlog.append([Part(request: 2, number: 0, resultCount: 4 * half)])
        #expect(takeNext(&backlog).parts.map(\.request) == (beyond > 0 ? [0] : [0, 1]))
        if beyond > 0 { #expect(takeNext(&backlog).parts.map(\.request) == [1]) }
        #expect(takeNext(&backlog).parts.map(\.request) == [2])
        #expect(backlog.isEmpty)
        // Queries of up to 1,024 rows each are limited by their number alone.
        #expect(ScanBacklog<Part>.resultsPerScanMax == 1_024 * ScanBacklog<Part>.queriesPerScanMax)
    }

    @Test func partBeyondTheLimitIsScannedAlone() {
        var backlog = backlog()
        let most = ScanBacklog<Part>.operationsPerScanMax
        backlog.append([Part(request: 0, number: 0, queryCount: 1_000, operationCount: 2 * most)])
        backlog.append([Part(request: 1, number: 0)])
        #expect(takeNext(&backlog).parts.map(\.request) == [0])
        #expect(takeNext(&backlog).parts.map(\.request) == [1])
    }

    /// Dead parts take no room in a scan. They are dropped once parts before or after them are taken.
    @Test func deadPartsAreDropped() {
        var backlog = backlog()
        for number in 0..<600 {
            backlog.append([Part(request: number, number: 0, isDead: number % 2 == 0)])
        }
        var (parts, queryCount) = takeNext(&backlog)
        #expect(parts.map(\.request) == (0..<256).map { 2 * $0 + 1 })
        #expect(queryCount == 513)
        (parts, queryCount) = takeNext(&backlog)
        #expect(parts.count == 44 && queryCount == 87)
        backlog.append([Part(request: 600, number: 0, isDead: true)])
        (parts, queryCount) = takeNext(&backlog)
        #expect(parts.isEmpty && queryCount == 1 && backlog.isEmpty)
    }

    /// A request of one part waits for first parts alone.
    @Test func waitIsThatOfThePartsBefore() {
        var backlog = backlog()
        #expect(backlog.wait(isSmall: true) == 0)
        backlog.append(request(0, 3, operations: 1_000)[...])
        backlog.append(request(1, 1, operations: 500)[...])
        #expect(backlog.wait(isSmall: true) == 1_500)
        #expect(backlog.wait(isSmall: false) == 3_500)
        _ = backlog.takeNext(now: 0)
        #expect(backlog.wait(isSmall: false) == 0)
    }

    /// The throughput is estimated from complete scans.
    @Test func throughputIsEstimatedFromCompleteScans() {
        var backlog = ScanBacklog<Part>(throughput: ScanThroughput())
        backlog.append(request(0, 2, operations: 1_000)[...])
        #expect(backlog.wait(isSmall: false) == 0)
        let start = backlog.takeNext(now: 50_000).start
        backlog.append(request(1, 1, operations: 3_000)[...])
        backlog.end(start, operations: 2_000, now: 54_000)
        #expect(backlog.wait(isSmall: false) == 6_000)
        // A scan that was given up does not count.
        let second = backlog.takeNext(now: 60_000).start
        backlog.end(second, operations: nil, now: 90_000)
        #expect(backlog.throughput.nanoseconds(for: 3_000) == 6_000)
        // A clock that goes back must not trap.
        backlog.append(request(2, 1)[...])
        let third = backlog.takeNext(now: 95_000).start
        backlog.end(third, operations: 1, now: 0)
        #expect(backlog.throughput.nanoseconds(for: 3_000) == 6_000)
        #expect(backlog.runningCount == 0)
    }

    /// Two loops that each do one operation in a nanosecond do two together, however long the scans of each are.
    @Test(arguments: [1, 7, 100]) func scansSideBySideAreTwiceAsFast(shortScans: UInt64) {
        var backlog = ScanBacklog<Part>(throughput: ScanThroughput())
        func begin(_ now: UInt64) -> ScanStart {
            backlog.append(request(0, 1)[...])
            return backlog.takeNext(now: now).start
        }
        var now: UInt64 = 0
        for _ in 0..<200 {
            let long = begin(now)
            for _ in 0..<shortScans {
                let short = begin(now)
                now += 1_000
                backlog.end(short, operations: 1_000, now: now)
            }
            backlog.end(long, operations: Int(shortScans) * 1_000, now: now)
        }
        #expect((495...505).contains(backlog.throughput.nanoseconds(for: 1_000)))
        // From here on one scan runs at a time.
        for _ in 0..<200 {
            let start = begin(now)
            now += 1_000
            backlog.end(start, operations: 1_000, now: now)
            now += 8_000
        }
        #expect((995...1_000).contains(backlog.throughput.nanoseconds(for: 1_000)))
    }

    @Test func onlyAnIdleLoopBeginsAFurtherScan() {
        var backlog = backlog()
        #expect(backlog.begins(isIdle: false, scansMax: 2))
        backlog.append(request(0, 1)[...])
        #expect(!takeNext(&backlog).parts.isEmpty)
        #expect(backlog.runningCount == 1)
        #expect(!backlog.begins(isIdle: false, scansMax: 2))
        #expect(backlog.begins(isIdle: true, scansMax: 2))
        backlog.append(request(1, 1)[...])
        #expect(!takeNext(&backlog).parts.isEmpty)
        #expect(!backlog.begins(isIdle: true, scansMax: 2))
        // Where only dead parts wait, no scan begins.
        backlog.append([Part(request: 2, number: 0, isDead: true)])
        #expect(takeNext(&backlog).parts.isEmpty)
        #expect(backlog.runningCount == 2)
        backlog.end(ScanStart(time: 0), operations: nil, now: 0)
        #expect(!backlog.begins(isIdle: false, scansMax: 2) && backlog.begins(isIdle: true, scansMax: 2))
        backlog.end(ScanStart(time: 0), operations: nil, now: 0)
        #expect(backlog.begins(isIdle: false, scansMax: 2))
    }

    @Test func laterScansCountMoreForTheThroughput() {
        var throughput = ScanThroughput()
        #expect(throughput.nanoseconds(for: 1_000_000) == 0)
        throughput.note(operations: 1_000, nanoseconds: 2_000)
        #expect(throughput.nanoseconds(for: 500) == 1_000)
        for _ in 0..<100 { throughput.note(operations: 1_000, nanoseconds: 10_000) }
        #expect((4_900...5_000).contains(throughput.nanoseconds(for: 500)))
        #expect(throughput.nanoseconds(for: 0) == 0)
        throughput.note(operations: 0, nanoseconds: 0)
        #expect(throughput.nanoseconds(for: .max) > 0)
    }
}
