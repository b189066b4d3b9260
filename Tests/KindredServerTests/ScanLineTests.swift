import KindredServer
import TestSupport
import Testing

/// The value alone: in which order parts are scanned, how many at a time, and how long they wait.
@Suite struct ScanLineTests {
    private struct Part: WaitingPart, Equatable, CustomTestStringConvertible {
        let request: Int
        let number: Int
        var queryCount = 1
        var operationCount = 1
        var isDead = false

        var testDescription: String { "\(request).\(number)" }
    }

    private func request(_ request: Int, _ count: Int, operations: Int = 1) -> [Part] {
        (0..<count).map { Part(request: request, number: $0, operationCount: operations) }
    }

    /// A line in which an operation takes a nanosecond.
    private func line() -> ScanLine<Part> {
        var pace = ScanPace()
        pace.note(operations: 1_000_000, nanoseconds: 1_000_000)
        return ScanLine(pace: pace)
    }

    private func takeNext(_ line: inout ScanLine<Part>) -> (parts: [Part], queryCount: Int) {
        let (parts, queryCount, _) = line.takeNext(now: 0)
        return (parts, queryCount)
    }

    @Test func firstPartsGoBeforeSecondOnes() {
        var line = line()
        for (number, count) in [(1, 3), (2, 1), (3, 2), (4, 1)] { line.append(request(number, count)[...]) }
        let (parts, queryCount) = takeNext(&line)
        #expect(parts.map(\.request) == [1, 2, 3, 4, 1, 3, 1])
        #expect(parts.map(\.number) == [0, 0, 0, 0, 1, 1, 2])
        #expect(queryCount == 7)
        #expect(line.isEmpty)
    }

    /// Whatever comes between scans: among those that wait at the same time, lower numbers go first, and of the same
    /// number who came first.
    @Test func everyPartIsTakenOnceAndInOrder() {
        var generator = SeededGenerator.announced()
        var line = line()
        var waiting: [Part] = []
        var taken: [Part] = []
        for number in 0..<300 {
            let parts = (0..<Int.random(in: 1...9, using: &generator)).map {
                Part(
                    request: number, number: $0, queryCount: Int.random(in: 1...32, using: &generator),
                    operationCount: Int.random(in: 1...300_000_000, using: &generator),
                    isDead: number % 7 == 0)
            }
            line.append(parts[...])
            waiting += parts
            guard Int.random(in: 0..<4, using: &generator) == 0 || number == 299 else { continue }
            repeat {
                let (next, queryCount) = takeNext(&line)
                // Stable: those that came first stay first.
                waiting.sort { ($0.number, $0.request) < ($1.number, $1.request) }
                let alive = waiting.filter { !$0.isDead }
                #expect(next == Array(alive.prefix(next.count)))
                let gone = waiting.firstIndex { $0 == alive.dropFirst(next.count).first } ?? waiting.count
                #expect(queryCount == waiting[..<gone].reduce(0) { $0 + $1.queryCount })
                waiting.removeFirst(gone)
                taken += next
                #expect(line.isEmpty == waiting.isEmpty)
            } while number == 299 && !waiting.isEmpty
        }
        #expect(Set(taken.map(\.testDescription)).count == taken.count)
        #expect(waiting.isEmpty)
    }

    @Test(arguments: [255, 256, 257]) func aScanHasSoManyQueries(queryCount: Int) {
        #expect(ScanLine<Part>.queriesPerScanMax == 256)
        var line = line()
        for number in 0..<queryCount { line.append(request(number, 1)[...]) }
        #expect(takeNext(&line).parts.count == min(queryCount, 256))
        #expect(takeNext(&line).parts.count == max(0, queryCount - 256))
    }

    @Test(arguments: [-1, 0, 1]) func aScanHasSoManyOperations(beyond: Int) {
        var line = line()
        let half = ScanLine<Part>.operationsPerScanMax / 2
        line.append([Part(request: 0, number: 0, operationCount: half)])
        line.append([Part(request: 1, number: 0, operationCount: half + beyond)])
        #expect(takeNext(&line).parts.count == (beyond > 0 ? 1 : 2))
    }

    @Test func whatIsLargerGoesAlone() {
        var line = line()
        let most = ScanLine<Part>.operationsPerScanMax
        line.append([Part(request: 0, number: 0, queryCount: 1_000, operationCount: 2 * most)])
        line.append([Part(request: 1, number: 0)])
        #expect(takeNext(&line).parts.map(\.request) == [0])
        #expect(takeNext(&line).parts.map(\.request) == [1])
    }

    /// Those whom nobody waits for take no room in a scan, and are gone once others before or after them are taken.
    @Test func theDeadAreDropped() {
        var line = line()
        for number in 0..<600 {
            line.append([Part(request: number, number: 0, isDead: number % 2 == 0)])
        }
        var (parts, queryCount) = takeNext(&line)
        #expect(parts.map(\.request) == (0..<256).map { 2 * $0 + 1 })
        #expect(queryCount == 513)
        (parts, queryCount) = takeNext(&line)
        #expect(parts.count == 44 && queryCount == 87)
        line.append([Part(request: 600, number: 0, isDead: true)])
        (parts, queryCount) = takeNext(&line)
        #expect(parts.isEmpty && queryCount == 1 && line.isEmpty)
    }

    /// A request of one part waits for first parts alone.
    @Test func waitsAreWhatIsBefore() {
        var line = line()
        #expect(line.wait(isOnePart: true) == 0)
        line.append(request(0, 3, operations: 1_000)[...])
        line.append(request(1, 1, operations: 500)[...])
        #expect(line.wait(isOnePart: true) == 1_500)
        #expect(line.wait(isOnePart: false) == 3_500)
        _ = line.takeNext(now: 0)
        #expect(line.wait(isOnePart: false) == 0)
    }

    /// The pace is learned from scans that are complete.
    @Test func theScanThatEndedTellsThePace() {
        var line = ScanLine<Part>(pace: ScanPace())
        line.append(request(0, 2, operations: 1_000)[...])
        #expect(line.wait(isOnePart: false) == 0)
        let start = line.takeNext(now: 50_000).start
        line.append(request(1, 1, operations: 3_000)[...])
        line.end(start, operations: 2_000, now: 54_000)
        #expect(line.wait(isOnePart: false) == 6_000)
        // Of one that was given up, nothing is learned.
        let second = line.takeNext(now: 60_000).start
        line.end(second, operations: nil, now: 90_000)
        #expect(line.pace.nanoseconds(for: 3_000) == 6_000)
        // A clock that went back is no reason to trap.
        line.append(request(2, 1)[...])
        let third = line.takeNext(now: 95_000).start
        line.end(third, operations: 1, now: 0)
        #expect(line.pace.nanoseconds(for: 3_000) == 6_000)
        #expect(line.runningCount == 0)
    }

    /// Two loops that each do an operation in a nanosecond do two, however long each one's scans are.
    @Test(arguments: [1, 7, 100]) func scansSideBySideAreTwiceAsFast(shortScans: UInt64) {
        var line = ScanLine<Part>(pace: ScanPace())
        func begin(_ now: UInt64) -> ScanStart {
            line.append(request(0, 1)[...])
            return line.takeNext(now: now).start
        }
        var now: UInt64 = 0
        for _ in 0..<200 {
            let long = begin(now)
            for _ in 0..<shortScans {
                let short = begin(now)
                now += 1_000
                line.end(short, operations: 1_000, now: now)
            }
            line.end(long, operations: Int(shortScans) * 1_000, now: now)
        }
        #expect((495...505).contains(line.pace.nanoseconds(for: 1_000)))
        // Beside none, a scan is alone.
        for _ in 0..<200 {
            let start = begin(now)
            now += 1_000
            line.end(start, operations: 1_000, now: now)
            now += 8_000
        }
        #expect((995...1_000).contains(line.pace.nanoseconds(for: 1_000)))
    }

    @Test func anIdleLoopBeginsAFurtherScanAndABusyOneWaits() {
        var line = line()
        #expect(line.begins(isIdle: false, scansMax: 2))
        line.append(request(0, 1)[...])
        #expect(!takeNext(&line).parts.isEmpty)
        #expect(line.runningCount == 1)
        #expect(!line.begins(isIdle: false, scansMax: 2))
        #expect(line.begins(isIdle: true, scansMax: 2))
        line.append(request(1, 1)[...])
        #expect(!takeNext(&line).parts.isEmpty)
        #expect(!line.begins(isIdle: true, scansMax: 2))
        // Where nothing waits, none begins.
        line.append([Part(request: 2, number: 0, isDead: true)])
        #expect(takeNext(&line).parts.isEmpty)
        #expect(line.runningCount == 2)
        line.end(ScanStart(time: 0), operations: nil, now: 0)
        #expect(!line.begins(isIdle: false, scansMax: 2) && line.begins(isIdle: true, scansMax: 2))
        line.end(ScanStart(time: 0), operations: nil, now: 0)
        #expect(line.begins(isIdle: false, scansMax: 2))
    }
}
