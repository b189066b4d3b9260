import KindredServer
import Testing

/// Which connections are read first when a tick has no room for all.
@Suite struct ReadQueueTests {
    private let now: UInt64 = 5_000_000_000
    private let lightMax = ReadQueue<Int>.lightByteCountMax
    private let pause = ReadQueue<Int>.lightPauseNanoseconds

    @Test func whoAsksForLittleGoesBeforeWhoSendsLargeFrames() {
        var queue = ReadQueue<Int>()
        queue.append(1, byteCount: 400_000, leftAt: 0, now: now)
        queue.append(2, byteCount: 60, leftAt: 0, now: now)
        queue.append(3, byteCount: 60, leftAt: 0, now: now)
        #expect(queue.popLight() == 2)
        #expect(queue.popLight() == 3)
        #expect(queue.popLight() == nil)
        #expect(queue.popHeavy() == 1)
        #expect(queue.isEmpty)
    }

    @Test func whoHasJustBeenReadWaitsBehindOthers() {
        var queue = ReadQueue<Int>()
        queue.append(1, byteCount: 60, leftAt: now - pause + 1, now: now)
        queue.append(2, byteCount: 60, leftAt: now - pause, now: now)
        #expect(queue.popLight() == 2)
        #expect(queue.popLight() == nil)
        #expect(queue.popHeavy() == 1)
    }

    @Test func theEdgeOfWhatIsLittle() {
        var queue = ReadQueue<Int>()
        queue.append(1, byteCount: lightMax + 1, leftAt: 0, now: now)
        queue.append(2, byteCount: lightMax, leftAt: 0, now: now)
        #expect(queue.popLight() == 2)
        #expect(queue.popLight() == nil)
        #expect(queue.popHeavy() == 1)
    }

    @Test func eachKindKeepsItsOrder() {
        var queue = ReadQueue<Int>()
        for number in 0..<10 { queue.append(number, byteCount: lightMax + number % 2, leftAt: 0, now: now) }
        #expect((0..<5).map { _ in queue.popLight() } == [0, 2, 4, 6, 8])
        #expect((0..<5).map { _ in queue.popHeavy() } == [1, 3, 5, 7, 9])
        #expect(queue.isEmpty)
    }
}
