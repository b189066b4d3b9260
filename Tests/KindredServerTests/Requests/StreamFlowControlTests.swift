import KindredDomain
import KindredServer
import Testing

/// The window of a stream, and when its reader is too slow.
@Suite struct StreamFlowControlTests {
    private static let limits = Limits.standard
    private static let openedAt: UInt64 = 7_000
    /// Nanoseconds in which a reader must take its share, and for which a stream may last.
    private static let period = UInt64(limits.streamProgressMilliseconds) * 1_000_000
    private static let duration = UInt64(limits.streamMillisecondsMax) * 1_000_000
    private static let share = Int(limits.streamProgressBytesMin)

    private func flow(window: UInt64 = 0, _ limits: Limits = limits) -> StreamFlowControl {
        StreamFlowControl(windowBytes: window, limits: limits, now: Self.openedAt)
    }

    // MARK: The window

    @Test func windowOfZeroIsTheDefault() throws {
        var limits = Self.limits
        limits.dataBodyBytesMax = 1_000
        limits.windowBytesDefault = 1_000
        #expect(flow(limits).room == 1_000)
        #expect(flow(window: 1, limits).room == 1)
        var taken = flow(limits)
        taken.noteSent(1_000, after: 0)
        #expect(taken.room == 0)
    }

    private func flow(_ limits: Limits) -> StreamFlowControl { flow(window: 0, limits) }

    /// A DATA body is as long as the window allows, and no longer than the limit of DATA.
    @Test func roomIsTheLesserOfWindowAndBody() throws {
        let body = Int(Self.limits.dataBodyBytesMax)
        for (window, room) in [(body - 1, body - 1), (body, body), (body + 1, body)] {
            #expect(flow(window: UInt64(window)).room == room)
        }
        var flow = flow(window: UInt64(body) + 10)
        flow.noteSent(body, after: 0)
        #expect(flow.room == 10)
        flow.noteSent(9, after: 0)
        #expect(flow.room == 1)
        flow.noteSent(1, after: 0)
        #expect(flow.room == 0)
    }

    /// A window limit is absolute: the same or a smaller one changes nothing.
    @Test func onlyAGreaterLimitRaises() throws {
        var flow = flow(window: 100)
        for (limit, room) in [(99, 100), (100, 100), (101, 101), (0, 101)] {
            let before = flow.room
            let raised = try flow.raise(to: UInt64(limit))
            #expect(raised == (room > before), "\(limit)")
            #expect(flow.room == room, "\(limit)")
        }
        flow.noteSent(101, after: 0)
        #expect(flow.room == 0)
        let raised = try flow.raise(to: 102)
        #expect(raised)
        #expect(flow.room == 1)
    }

    /// The greatest limit counts from the bytes sent, not from the limit before.
    @Test func limitsFarAheadAreRefused() throws {
        let most = Self.limits.windowBytesMax
        for sent in [0, 1, 5_000] {
            for ahead in [most - 1, most, most + 1, UInt64.max - 5_000] {
                var flow = flow()
                flow.noteSent(sent, after: 0)
                #expect(flow.windowLimitMax == UInt64(sent) + most)
                let limit = UInt64(sent) + ahead
                let failure = failure(of: &flow, raisedTo: limit)
                #expect(failure == (ahead > most ? .invalidArgument(.windowTooLarge(limit)) : nil))
                #expect(flow.room == Int(Self.limits.dataBodyBytesMax))
            }
        }
    }

    private func failure(of flow: inout StreamFlowControl, raisedTo limit: UInt64) -> RequestFailure? {
        do throws(RequestFailure) {
            let isRaised = try flow.raise(to: limit)
            #expect(isRaised)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Time

    /// Before rows are sent no reader is slow. The greatest duration of a stream holds all the same.
    @Test func streamWithoutRowsHasAGreatestDuration() {
        var flow = flow()
        for time in [0, Self.period, Self.period + 1, Self.duration - 1, Self.duration] {
            let failure = flow.timeout(now: Self.openedAt + time, acknowledgedByteCount: .max)
            #expect(failure == nil, "\(time)")
        }
        let failure = flow.timeout(now: Self.openedAt + Self.duration + 1, acknowledgedByteCount: .max)
        #expect(failure == Self.tooLong(sent: 0))
    }

    /// The greatest duration holds however fast the reader is.
    @Test func streamWithRowsHasAGreatestDuration() {
        var flow = flow()
        flow.beginRows(now: Self.openedAt)
        var sent = 0
        for time in stride(from: Self.period, through: Self.duration, by: Int(Self.period)) {
            flow.noteSent(Self.share, after: 0)
            sent += Self.share
            let failure = flow.timeout(now: Self.openedAt + time, acknowledgedByteCount: .max)
            #expect(failure == nil, "\(time)")
        }
        flow.noteSent(Self.share, after: 0)
        let failure = flow.timeout(now: Self.openedAt + Self.duration + 1, acknowledgedByteCount: .max)
        #expect(failure == Self.tooLong(sent: sent + Self.share))
    }

    private static func tooLong(sent: Int) -> RequestFailure {
        .slowConsumer(bytes: UInt64(sent), milliseconds: limits.streamMillisecondsMax)
    }

    /// A share in a period is enough; a byte less is too little once the period is over.
    @Test func readerMustTakeItsShareInAPeriod() {
        let begun = Self.openedAt + 5
        for taken in [0, 1, Self.share - 1, Self.share, Self.share + 1] {
            for time in [Self.period - 1, Self.period, Self.period + 1] {
                var flow = flow()
                flow.beginRows(now: begun)
                flow.noteSent(taken, after: 0)
                let failure = flow.timeout(now: begun + time, acknowledgedByteCount: .max)
                let isSlow = taken < Self.share && time > Self.period
                #expect(failure == (isSlow ? Self.slow(taken) : nil), "\(taken) bytes after \(time) ns")
            }
        }
    }

    /// The next period begins when a share was seen to be taken, and counts from zero.
    @Test func everyPeriodHasItsOwnShare() {
        var flow = flow()
        flow.beginRows(now: Self.openedAt)
        flow.noteSent(2 * Self.share, after: 0)
        let seen = Self.openedAt + 3
        let first = flow.timeout(now: seen, acknowledgedByteCount: .max)
        #expect(first == nil)
        flow.noteSent(Self.share - 1, after: 0)
        let atEdge = flow.timeout(now: seen + Self.period, acknowledgedByteCount: .max)
        #expect(atEdge == nil)
        let late = flow.timeout(now: seen + Self.period + 1, acknowledgedByteCount: .max)
        #expect(late == Self.slow(Self.share - 1))
        flow.noteSent(1, after: 0)
        let inTime = flow.timeout(now: seen + Self.period + 1, acknowledgedByteCount: .max)
        #expect(inTime == nil)
    }

    /// Where less than a share is left, all of it must be taken within a period, and the stream ends with the last row.
    /// So a reader that keeps the pace is never late at the end.
    @Test func lastRowsMustBeTakenInAPeriodToo() {
        let second: UInt64 = 1_000_000_000
        var flow = flow(window: 1_024)
        flow.beginRows(now: Self.openedAt)
        var now = Self.openedAt
        for _ in 0..<10 {
            flow.noteSent(1_024, after: 0)
            now += 3 * second
            let failure = flow.timeout(now: now, acknowledgedByteCount: .max)
            #expect(failure == nil)
        }
        let failure = flow.timeout(now: now + 1, acknowledgedByteCount: .max)
        #expect(failure == Self.slow(10 * 1_024))
    }

    /// Sent bytes that are not acknowledged do not count as taken.
    @Test func unacknowledgedBytesAreNotTaken() {
        let before: UInt64 = 100
        for taken in [0, 1, Self.share - 1, Self.share, Self.share + 1] {
            var flow = flow()
            flow.beginRows(now: Self.openedAt)
            flow.noteSent(20 * Self.share, after: before)
            for acknowledged in [0, before] {
                let early = flow.timeout(now: Self.openedAt + 1, acknowledgedByteCount: acknowledged)
                #expect(early == nil)
            }
            let failure = flow.timeout(
                now: Self.openedAt + Self.period + 1, acknowledgedByteCount: before + UInt64(taken))
            #expect(failure == (taken < Self.share ? Self.slow(taken) : nil), "\(taken)")
        }
    }

    /// A reader that takes a share in each period keeps its stream, even while nothing more is sent for many periods.
    @Test func steadySlowReaderKeepsItsStream() {
        var flow = flow()
        flow.beginRows(now: Self.openedAt)
        let periods = 10
        flow.noteSent(periods * Self.share, after: 0)
        for number in 1...periods {
            let failure = flow.timeout(
                now: Self.openedAt + UInt64(number) * Self.period,
                acknowledgedByteCount: UInt64(number * Self.share))
            #expect(failure == nil, "\(number)")
        }
    }

    /// Acknowledged bytes of other streams and replies do not count for this stream.
    @Test func bytesOfOtherStreamsDoNotCount() {
        let share = UInt64(Self.share)
        // 1 share of its own, 10 of others, 2 of its own.
        for (acknowledged, taken) in [(1, 1), (5, 1), (11, 1), (12, 2), (13, 3), (99, 3)] as [(UInt64, Int)] {
            var flow = flow()
            flow.beginRows(now: Self.openedAt)
            flow.noteSent(Self.share, after: 0)
            flow.noteSent(2 * Self.share, after: 11 * share)
            let first = flow.timeout(now: Self.openedAt + 1, acknowledgedByteCount: share)
            #expect(first == nil)
            let later = flow.timeout(
                now: Self.openedAt + Self.period + 2, acknowledgedByteCount: acknowledged * share)
            #expect(later == (taken > 1 ? nil : Self.slow(0)), "\(acknowledged)")
        }
    }

    private static func slow(_ bytes: Int) -> RequestFailure {
        .slowConsumer(bytes: UInt64(bytes), milliseconds: limits.streamProgressMilliseconds)
    }
}
