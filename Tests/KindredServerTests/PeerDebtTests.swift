import KindredDomain
import KindredServer
import KindredWire
import Testing

/// What a slow peer owes, and when that is too much: byte counts and times in, a failure out.
@Suite struct PeerDebtTests {
    private static let millisecond: UInt64 = 1_000_000

    private static let limits: Limits = {
        var limits = Limits.standard
        limits.frameProgressMilliseconds = 10
        limits.frameProgressBytesMin = 100
        limits.frameMilliseconds = 50
        limits.streamProgressMilliseconds = 20
        limits.streamProgressBytesMin = 100
        limits.replyMilliseconds = 200
        return limits
    }()

    @Test func aFrameThatStandsStillEnds() {
        var debt = PeerDebt(limits: Self.limits)
        debt.noteFrame(byteCount: 40, now: 0)
        #expect(debt.failure(now: 10 * Self.millisecond) == nil)
        #expect(debt.failure(now: 10 * Self.millisecond + 1) == .slowFrame(milliseconds: 10))
    }

    /// A byte now and then is no progress.
    @Test func aFrameThatTricklesEnds() {
        var debt = PeerDebt(limits: Self.limits)
        for step in 0...10 { debt.noteFrame(byteCount: 40 + step, now: UInt64(step) * Self.millisecond) }
        #expect(debt.failure(now: 10 * Self.millisecond + 1) == .slowFrame(milliseconds: 10))
    }

    @Test func aFrameThatGoesOnHasALastMoment() {
        var debt = PeerDebt(limits: Self.limits)
        for step in 0...10 {
            let now = UInt64(step) * 5 * Self.millisecond
            debt.noteFrame(byteCount: 40 + step * 100, now: now)
            #expect(debt.failure(now: now) == nil)
        }
        #expect(debt.failure(now: 50 * Self.millisecond + 1) == .slowFrame(milliseconds: 50))
    }

    @Test func aFrameThatIsCompleteIsNotOwed() {
        var debt = PeerDebt(limits: Self.limits)
        debt.noteFrame(byteCount: 40, now: 0)
        debt.endFrame()
        #expect(debt.since == nil && debt.failure(now: .max) == nil)
        debt.noteFrame(byteCount: 4, now: 60 * Self.millisecond)
        #expect(debt.failure(now: 61 * Self.millisecond) == nil)
    }

    @Test func repliesThatNobodyReadsEnd() {
        var debt = PeerDebt(limits: Self.limits)
        debt.noteReplies(written: 1_000, acknowledged: 0, now: 0)
        debt.noteReplies(written: 1_000, acknowledged: 99, now: 19 * Self.millisecond)
        #expect(debt.failure(now: 20 * Self.millisecond + 1) == .slowReader(milliseconds: 20))
    }

    @Test func repliesThatAreReadSlowlyHaveALastMoment() {
        var debt = PeerDebt(limits: Self.limits)
        for step in 0...20 {
            let now = UInt64(step) * 10 * Self.millisecond
            debt.noteReplies(written: 1_000_000, acknowledged: UInt64(step) * 100, now: now)
            #expect(debt.failure(now: now) == nil)
        }
        #expect(debt.failure(now: 200 * Self.millisecond + 1) == .slowReader(milliseconds: 200))
    }

    /// The last moment is that of the bytes that waited first: a connection may be busy for ever.
    @Test func whatIsWrittenMeanwhileHasItsOwnLastMoment() {
        var debt = PeerDebt(limits: Self.limits)
        for step in 0...100 {
            let now = UInt64(step) * 10 * Self.millisecond
            let read = UInt64(step) * 500
            debt.noteReplies(written: read + 3_000, acknowledged: read, now: now)
            #expect(debt.failure(now: now) == nil)
        }
    }

    @Test func whoHasReadAllOwesNothing() {
        var debt = PeerDebt(limits: Self.limits)
        debt.noteReplies(written: 1_000, acknowledged: 0, now: 0)
        debt.noteReplies(written: 1_000, acknowledged: 1_000, now: 1)
        #expect(debt.since == nil && debt.failure(now: .max) == nil)
    }

    /// A stream of rows has a pace of its own; the connection judges again once the stream has ended.
    @Test func streamsJudgeTheirReadersThemselves() {
        var debt = PeerDebt(limits: Self.limits)
        debt.noteReplies(written: 1_000, acknowledged: 0, now: 0)
        debt.noteStreams(now: 100 * Self.millisecond)
        #expect(debt.failure(now: 120 * Self.millisecond) == nil)
        #expect(debt.since == 0)
        #expect(debt.failure(now: 120 * Self.millisecond + 1) == .slowReader(milliseconds: 20))
    }

    @Test func anyByteTakenIsSeenInADrain() {
        var debt = PeerDebt(limits: Self.limits)
        debt.noteReplies(written: 1_000, acknowledged: 0, now: 0)
        #expect(!debt.takesNothing(for: 5, now: 5 * Self.millisecond))
        #expect(debt.takesNothing(for: 5, now: 5 * Self.millisecond + 1))
        debt.noteReplies(written: 1_000, acknowledged: 1, now: 6 * Self.millisecond)
        #expect(!debt.takesNothing(for: 5, now: 11 * Self.millisecond))
    }

    @Test func whoHasOwedForLongestGoesFirst() {
        let candidates = [(3, 50), (1, 10), (2, 100)].enumerated().map { index, entry in
            Eviction.Candidate(index: index, byteCount: entry.1, since: UInt64(entry.0))
        }
        #expect(Eviction.choose(candidates, freeing: 0).isEmpty)
        #expect(Eviction.choose(candidates, freeing: 10).map(\.index) == [1])
        #expect(Eviction.choose(candidates, freeing: 11).map(\.index) == [1, 2])
        #expect(Eviction.choose(candidates, freeing: 1_000).map(\.index) == [1, 2, 0])
    }

    @Test func onlyWhatExceedsIsFreed() {
        let held = HeldBytes(byteCountMax: 800)
        held.change(by: 800)
        #expect(held.excess() == 0 && held.wantedExcess() == 0)
        #expect(held.excess(with: 1) == 1 && held.wantedExcess(with: 1) == 101)
        held.change(by: -800)
        #expect(held.byteCount == 0 && held.excess(with: 800) == 0)
    }

    @Test func planningTakesAsLongAsItsSteps() {
        var planning = PlanningPace()
        planning.add(stepCount: 10, operationCount: 7)
        #expect(planning.wait(share: 1) == 0)
        planning.note(nanoseconds: 50)
        #expect(planning.wait(share: 1) == 500 && planning.wait(share: 0.25) == 2_000)
        planning.remove(stepCount: 10, operationCount: 7)
        #expect(planning.wait(share: 1) == 0 && planning.operationCount == 0)
    }

    @Test func theFirstSignalDrainsAndTheSecondEnds() {
        var meaning = SignalMeaning()
        #expect(meaning.take("SIGUSR1") == .ignore)
        #expect(meaning.take("SIGHUP") == .shutDown)
        #expect(meaning.take("SIGUSR2") == .ignore)
        #expect(meaning.take("SIGTERM") == .endAtOnce)
    }
}
