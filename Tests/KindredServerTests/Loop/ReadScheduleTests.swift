import KindredServer
import Testing

/// How much a tick reads, and of which connections.
@Suite struct ReadScheduleTests {
    private static let now: UInt64 = 5_000_000_000
    private static let lightMax = ReadQueue<Int>.lightByteCountMax
    private static let pause = ReadQueue<Int>.lightPauseNanoseconds

    // MARK: Budget of a tick

    @Test func framesOfATickAreLimited() {
        var budget = TickBudget()
        for number in 0..<TickBudget.framesMax {
            #expect(budget.hasRoom)
            let isTaken = budget.take(byteCount: 1)
            #expect(isTaken, "\(number)")
        }
        #expect(!budget.hasRoom)
        let isTaken = budget.take(byteCount: 0)
        #expect(!isTaken)
        budget.renew()
        #expect(budget.hasRoom)
    }

    /// The frame that exceeds the budget is the tick's last, however long it is.
    @Test(arguments: [0, 1, 4 << 20]) func bytesOfATickAreLimited(beyond: Int) {
        var budget = TickBudget()
        let first = budget.take(byteCount: TickBudget.byteCountMax - 1)
        #expect(first && budget.hasRoom)
        let last = budget.take(byteCount: 1 + beyond)
        #expect(last && !budget.hasRoom)
        let after = budget.take(byteCount: 0)
        #expect(!after)
    }

    /// Parts of frames take bytes of the budget, and no frame.
    @Test func partsTakeBytesOnly() {
        var budget = TickBudget()
        for _ in 0..<2 * TickBudget.framesMax {
            let isTaken = budget.takePart(byteCount: 1)
            #expect(isTaken)
        }
        let last = budget.takePart(byteCount: TickBudget.byteCountMax)
        #expect(last && !budget.hasRoom)
        let after = budget.takePart(byteCount: 1)
        #expect(!after)
    }

    // MARK: Light and heavy connections

    private func isLight(byteCount: Int, leftAt: UInt64) -> Bool {
        var queue = ReadQueue<Int>()
        queue.append(1, byteCount: byteCount, leftAt: leftAt, now: Self.now)
        return queue.popLight() == 1
    }

    @Test func connectionsWithLittleInputAreLight() {
        #expect(isLight(byteCount: Self.lightMax, leftAt: 0))
        #expect(!isLight(byteCount: Self.lightMax + 1, leftAt: 0))
    }

    @Test func connectionsThatWereReadJustBeforeAreHeavy() {
        #expect(isLight(byteCount: 60, leftAt: Self.now - Self.pause))
        #expect(!isLight(byteCount: 60, leftAt: Self.now - Self.pause + 1))
        #expect(!isLight(byteCount: 60, leftAt: Self.now + 1))
    }

    @Test func eachQueueKeepsItsOrder() {
        var queue = ReadQueue<Int>()
        for number in 0..<10 {
            queue.append(number, byteCount: Self.lightMax + number % 2, leftAt: 0, now: Self.now)
        }
        #expect((0..<5).map { _ in queue.popLight() } == [0, 2, 4, 6, 8])
        #expect((0..<5).map { _ in queue.popHeavy() } == [1, 3, 5, 7, 9])
        #expect(queue.isEmpty)
    }

    // MARK: Turns

    /// `light` light connections, numbered from 0 on, and `heavy` heavy ones, numbered from 1,000 on.
    private func schedule(light: Int, heavy: Int) -> ReadSchedule<Int> {
        var schedule = ReadSchedule<Int>()
        for number in 0..<heavy {
            schedule.wait(1_000 + number, byteCount: Self.lightMax + 1, leftAt: 0, now: Self.now)
        }
        for number in 0..<light { schedule.wait(number, byteCount: 60, leftAt: 0, now: Self.now) }
        return schedule
    }

    /// The connections that one tick reads, where each has `frames` frames.
    private func readTick(_ schedule: inout ReadSchedule<Int>, frames: Int) -> [Int] {
        var read: [Int] = []
        schedule.beginTurns()
        while let next = schedule.next() {
            read.append(next)
            for _ in 0..<frames { _ = schedule.take(byteCount: 100) }
        }
        return read
    }

    @Test func lightConnectionsAreReadFirst() {
        var schedule = schedule(light: 3, heavy: 3)
        #expect(readTick(&schedule, frames: 1) == [0, 1, 2, 1_000, 1_001, 1_002])
        #expect(!schedule.hasWaiting)
    }

    /// However many light connections wait, a heavy one is read in every tick.
    @Test func heavyConnectionsDoNotStarve() {
        var schedule = schedule(light: 1_000, heavy: 2)
        let lightPerTick = TickBudget.framesMax
        #expect(readTick(&schedule, frames: 1) == Array(0..<lightPerTick) + [1_000, 1_001])
        schedule = self.schedule(light: 1_000, heavy: 2)
        // A heavy connection that uses up the tick is the only one.
        let frames = TickBudget.framesMax
        #expect(readTick(&schedule, frames: frames) == [0, 1_000])
        #expect(readTick(&schedule, frames: frames) == [1, 1_001])
        #expect(readTick(&schedule, frames: frames) == [2])
        #expect(schedule.hasWaiting)
    }

    @Test func aTickThatHasReadEnoughLeavesTheRest() {
        var schedule = schedule(light: 0, heavy: 3)
        #expect(readTick(&schedule, frames: TickBudget.framesMax) == [1_000])
        #expect(readTick(&schedule, frames: TickBudget.framesMax / 2) == [1_001, 1_002])
        #expect(readTick(&schedule, frames: 1).isEmpty)
    }
}
