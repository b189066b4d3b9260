import KindredDomain
import KindredWire

/// What a peer owes: the rest of a frame that it began, and to read what was written to it. A value: no sockets, no
/// clock. The connection gives it byte counts and the time and ends where a failure comes out.
///
/// Both debts have a least speed and a last moment (`Limits`), so that nobody holds memory by being slow. Under
/// pressure, who has owed for longest goes first (`since`).
package struct PeerDebt {
    /// Progress towards what is owed.
    private struct Progress {
        let beganAt: UInt64
        var checkedAt: UInt64
        var checkedByteCount: UInt64
    }

    private let limits: Limits
    private var frame: Progress?
    private var replies: Progress?
    /// Bytes that the peer must have taken by `replies.beganAt` + `replyMilliseconds`.
    private var target: UInt64 = 0
    /// When the peer last took anything, and how much it had taken by then.
    private var movedAt: UInt64 = 0
    private var takenByteCount: UInt64 = 0
    /// Until when streams of rows were open, whose own pace says whether their reader is too slow.
    private var streamedUntil: UInt64 = 0

    package init(limits: Limits) { self.limits = limits }

    /// When the peer began to owe what it has owed for longest; nanoseconds. Nil where it owes nothing.
    package var since: UInt64? {
        guard let frame else { return replies?.checkedAt }
        guard let replies else { return frame.beganAt }
        return min(frame.beganAt, replies.checkedAt)
    }

    package var hasUnfinishedFrame: Bool { frame != nil }

    /// The frame that was unfinished is complete, or the server itself does not read on: nothing is owed of it.
    package mutating func endFrame() { frame = nil }

    /// So many bytes of an unfinished frame are there at `now`.
    package mutating func noteFrame(byteCount: Int, now: UInt64) {
        let count = UInt64(byteCount)
        guard let found = frame else {
            frame = Progress(beganAt: now, checkedAt: now, checkedByteCount: count)
            return
        }
        if count >= found.checkedByteCount + UInt64(limits.frameProgressBytesMin) {
            frame = Progress(beganAt: found.beganAt, checkedAt: now, checkedByteCount: count)
        }
    }

    /// Nothing that was written waits.
    package mutating func endReplies() { replies = nil }

    /// Replies wait at `now`, after so many bytes that were ever written: from now on the peer owes the reading of
    /// them, if it does not already.
    package mutating func beginReplies(written: UInt64, now: UInt64) {
        guard replies == nil else { return }
        replies = Progress(beganAt: now, checkedAt: now, checkedByteCount: takenByteCount)
        target = written
        movedAt = now
    }

    /// Of so many bytes that were ever written to the peer, its system has acknowledged so many at `now`.
    package mutating func noteReplies(written: UInt64, acknowledged: UInt64, now: UInt64) {
        if acknowledged > takenByteCount || replies == nil {
            movedAt = now
            takenByteCount = max(takenByteCount, acknowledged)
        }
        guard acknowledged < written else {
            replies = nil
            return
        }
        guard let found = replies else {
            replies = Progress(beganAt: now, checkedAt: now, checkedByteCount: acknowledged)
            target = written
            return
        }
        var next = found
        if acknowledged >= target {
            next = Progress(beganAt: now, checkedAt: now, checkedByteCount: acknowledged)
            target = written
        } else if acknowledged >= found.checkedByteCount + UInt64(limits.streamProgressBytesMin) {
            next.checkedAt = now
            next.checkedByteCount = acknowledged
        }
        replies = next
    }

    /// Streams of rows are open at `now`: their own pace (`StreamFlow`) judges their reader.
    package mutating func noteStreams(now: UInt64) { streamedUntil = now }

    /// Whether replies wait of which the peer has taken nothing for so long.
    package func takesNothing(for milliseconds: UInt32, now: UInt64) -> Bool {
        replies != nil && Self.hasPassed(milliseconds, since: movedAt, now: now)
    }

    /// Why the connection ends at `now`, if the peer has been too slow.
    package func failure(now: UInt64) -> ConnectionFailure? {
        if let frame {
            if Self.hasPassed(limits.frameMilliseconds, since: frame.beganAt, now: now) {
                return .slowFrame(milliseconds: limits.frameMilliseconds)
            }
            if Self.hasPassed(limits.frameProgressMilliseconds, since: frame.checkedAt, now: now) {
                return .slowFrame(milliseconds: limits.frameProgressMilliseconds)
            }
        }
        if let replies {
            if Self.hasPassed(limits.replyMilliseconds, since: max(replies.beganAt, streamedUntil), now: now)
            {
                return .slowReader(milliseconds: limits.replyMilliseconds)
            }
            let checkedAt = max(replies.checkedAt, streamedUntil)
            if Self.hasPassed(limits.streamProgressMilliseconds, since: checkedAt, now: now) {
                return .slowReader(milliseconds: limits.streamProgressMilliseconds)
            }
        }
        return nil
    }

    private static func hasPassed(_ milliseconds: UInt32, since: UInt64, now: UInt64) -> Bool {
        now > since && now - since > UInt64(milliseconds) * 1_000_000
    }
}
