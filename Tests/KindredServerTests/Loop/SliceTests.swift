import KindredServer
import Testing

/// What a slice does and in which order, the pauses between slices, and the turns of jobs.
@Suite struct SliceTests {
    private static let nanoseconds = ServerConfiguration.sliceNanoseconds

    /// The work of a slice in which every piece takes `stepNanoseconds`. `waiting`: pieces of each kind.
    private func work(
        isAwaited: Bool = true, stepNanoseconds: UInt64, scans: Int = 0, jobs: Int = 0, bulk: Int = 0
    ) -> [Slice.Work] {
        var slice = Slice(isAwaited: isAwaited, now: 0)
        var (scans, jobs, bulk, now) = (scans, jobs, bulk, UInt64(0))
        var done: [Slice.Work] = []
        while let work = slice.next(hasScan: scans > 0, hasJob: jobs > 0, hasBulk: bulk > 0, now: now) {
            done.append(work)
            switch work {
            case .scan: scans -= 1
            case .job: jobs -= 1
            case .bulk: bulk -= 1
            }
            now += stepNanoseconds
        }
        return done
    }

    @Test func jobsHaveAQuarterBesideScans() {
        let done = work(stepNanoseconds: Self.nanoseconds / 100, scans: 1_000, jobs: 1_000)
        #expect(done.prefix(25).allSatisfy { $0 == .job })
        #expect(done.dropFirst(25).allSatisfy { $0 == .scan })
        #expect(done.count == 100)
    }

    /// However long a piece of work takes, each kind has one in every slice.
    @Test func everyKindHasAStep() {
        let done = work(stepNanoseconds: 10 * Self.nanoseconds, scans: 9, jobs: 9, bulk: 9)
        #expect(done == [.job, .bulk, .scan])
        #expect(work(stepNanoseconds: 10 * Self.nanoseconds, scans: 9) == [.scan])
        #expect(work(stepNanoseconds: 10 * Self.nanoseconds, jobs: 9) == [.job, .job])
    }

    @Test func scansComeBeforeJobsAndJobsBeforeBulkWork() {
        let done = work(stepNanoseconds: Self.nanoseconds / 8, scans: 2, jobs: 4, bulk: 9)
        #expect(done == [.job, .job, .bulk, .scan, .scan, .job, .job, .bulk])
    }

    @Test func aSliceEndsWithItsWork() {
        #expect(work(stepNanoseconds: 1).isEmpty)
        #expect(work(stepNanoseconds: 1, scans: 2, jobs: 1, bulk: 1) == [.job, .bulk, .scan, .scan])
    }

    @Test func bulkWorkAloneHasAShorterSlice() {
        let step = ServerConfiguration.bulkSliceNanoseconds / 10
        let done = work(isAwaited: false, stepNanoseconds: step, bulk: 1_000)
        #expect(done.count == 10)
    }

    /// Bulk work that waits for other threads is not asked again in the same slice.
    @Test func waitingBulkWorkEndsTheSlice() {
        var slice = Slice(isAwaited: false, now: 0)
        #expect(slice.next(hasScan: false, hasJob: false, hasBulk: true, now: 0) == .bulk)
        slice.bulkIsWaiting()
        #expect(slice.next(hasScan: true, hasJob: false, hasBulk: true, now: 1) == .scan)
        #expect(slice.next(hasScan: false, hasJob: false, hasBulk: true, now: 2) == nil)
    }

    // MARK: Pauses

    @Test func aPauseThatLetTheLoopPollIsTheLast() {
        #expect(SlicePause(ticksEnded: 7).next(ticksEnded: 8) == nil)
    }

    /// A loop that does not poll waits longer and longer, up to the limit, however long that goes on.
    @Test func pausesAreBounded() throws {
        var pause = SlicePause(ticksEnded: 7)
        #expect(pause.nanoseconds == ServerConfiguration.pauseNanoseconds)
        for _ in 0..<200 {
            let next = try #require(pause.next(ticksEnded: 7))
            #expect(next.nanoseconds == min(2 * pause.nanoseconds, SlicePause.nanosecondsMax))
            pause = next
        }
        #expect(pause.nanoseconds == SlicePause.nanosecondsMax)
    }

    // MARK: Turns of jobs

    @Test func everyJobHasItsTurn() {
        var queue = RunQueue<String>()
        #expect(queue.isEmpty)
        for job in ["a", "b", "c"] { queue.append(job) }
        queue.appendBulk("x")
        queue.appendBulk("y")
        #expect(queue.hasAwaited && queue.bulkCount == 2 && !queue.isEmpty)
        var turns: [String] = []
        for _ in 0..<6 {
            guard let job = queue.takeNext() else { break }
            turns.append(job)
            queue.append(job)
        }
        #expect(turns == ["a", "b", "c", "a", "b", "c"])
        #expect(queue.takeNextBulk() == "x")
        queue.appendBulk("x")
        #expect([queue.takeNextBulk(), queue.takeNextBulk(), queue.takeNextBulk()] == ["y", "x", nil])
        #expect(queue.hasAwaited)
    }

    /// A job that waits for another has one step in each slice.
    @Test func jobsThatWaitLeaveTheSlice() {
        var queue = RunQueue<String>()
        queue.append("a")
        queue.appendPaused("b")
        #expect([queue.takeNext(), queue.takeNext()] == ["a", nil])
        #expect(!queue.hasAwaited && !queue.isEmpty, "the next slice comes")
        queue.append("c")
        queue.beginSlice()
        #expect([queue.takeNext(), queue.takeNext(), queue.takeNext()] == ["c", "b", nil])
        #expect(queue.isEmpty)
        queue.beginSlice()
        #expect(queue.isEmpty)
    }
}
