import KindredDomain
import KindredServer
import KindredWire
import Testing

/// When a peer is too slow with its frames or with reading its replies.
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

    @Test func frameWithoutProgressEnds() {
        var debt = PeerDebt(limits: Self.limits)
        debt.noteFrame(byteCount: 40, now: 0)
        #expect(debt.failure(now: 10 * Self.millisecond) == nil)
        #expect(debt.failure(now: 10 * Self.millisecond + 1) == .slowFrame(milliseconds: 10))
    }

    /// A few bytes are no progress.
    @Test func tricklingFrameEnds() {
        var debt = PeerDebt(limits: Self.limits)
        for step in 0...10 { debt.noteFrame(byteCount: 40 + step, now: UInt64(step) * Self.millisecond) }
        #expect(debt.failure(now: 10 * Self.millisecond + 1) == .slowFrame(milliseconds: 10))
    }

    @Test func frameWithProgressHasADeadline() {
        var debt = PeerDebt(limits: Self.limits)
        for step in 0...10 {
            let now = UInt64(step) * 5 * Self.millisecond
            debt.noteFrame(byteCount: 40 + step * 100, now: now)
            #expect(debt.failure(now: now) == nil)
        }
        #expect(debt.failure(now: 50 * Self.millisecond + 1) == .slowFrame(milliseconds: 50))
    }

    @Test func completeFrameIsNotOwed() {
        var debt = PeerDebt(limits: Self.limits)
        debt.noteFrame(byteCount: 40, now: 0)
        debt.endFrame()
        #expect(debt.since == nil && debt.failure(now: .max) == nil)
        debt.noteFrame(byteCount: 4, now: 60 * Self.millisecond)
        #expect(debt.failure(now: 61 * Self.millisecond) == nil)
    }

    @Test func unreadRepliesEnd() {
        var debt = PeerDebt(limits: Self.limits)
        debt.noteReplies(written: 1_000, acknowledged: 0, now: 0)
        debt.noteReplies(written: 1_000, acknowledged: 99, now: 19 * Self.millisecond)
        #expect(debt.failure(now: 20 * Self.millisecond + 1) == .slowReader(milliseconds: 20))
    }

    @Test func slowlyReadRepliesHaveADeadline() {
        var debt = PeerDebt(limits: Self.limits)
        for step in 0...20 {
            let now = UInt64(step) * 10 * Self.millisecond
            debt.noteReplies(written: 1_000_000, acknowledged: UInt64(step) * 100, now: now)
            #expect(debt.failure(now: now) == nil)
        }
        #expect(debt.failure(now: 200 * Self.millisecond + 1) == .slowReader(milliseconds: 200))
    }

    /// The deadline is that of the bytes that waited first, so a connection may be busy for ever.
    @Test func laterRepliesHaveTheirOwnDeadline() {
        var debt = PeerDebt(limits: Self.limits)
        for step in 0...100 {
            let now = UInt64(step) * 10 * Self.millisecond
            let read = UInt64(step) * 500
            debt.noteReplies(written: read + 3_000, acknowledged: read, now: now)
            #expect(debt.failure(now: now) == nil)
        }
    }

    @Test func peerThatHasReadAllOwesNothing() {
        var debt = PeerDebt(limits: Self.limits)
        debt.noteReplies(written: 1_000, acknowledged: 0, now: 0)
        debt.noteReplies(written: 1_000, acknowledged: 1_000, now: 1)
        #expect(debt.since == nil && debt.failure(now: .max) == nil)
    }

    /// A stream of rows judges its reader itself. The connection judges again once the stream has ended.
    @Test func streamsJudgeTheirReaders() {
        var debt = PeerDebt(limits: Self.limits)
        debt.noteReplies(written: 1_000, acknowledged: 0, now: 0)
        debt.noteStreams(now: 100 * Self.millisecond)
        #expect(debt.failure(now: 120 * Self.millisecond) == nil)
        #expect(debt.since == 0)
        #expect(debt.failure(now: 120 * Self.millisecond + 1) == .slowReader(milliseconds: 20))
    }

    @Test func anyTakenByteCountsInADrain() {
        var debt = PeerDebt(limits: Self.limits)
        debt.noteReplies(written: 1_000, acknowledged: 0, now: 0)
        #expect(!debt.takesNothing(for: 5, now: 5 * Self.millisecond))
        #expect(debt.takesNothing(for: 5, now: 5 * Self.millisecond + 1))
        debt.noteReplies(written: 1_000, acknowledged: 1, now: 6 * Self.millisecond)
        #expect(!debt.takesNothing(for: 5, now: 11 * Self.millisecond))
    }
}
