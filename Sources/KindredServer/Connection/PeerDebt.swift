import KindredDomain
import KindredWire

/// Judges slow peers. A peer owes the rest of a frame that it has begun, and it owes reading its replies. A value: no
/// sockets, no clock. The connection gives it byte counts and the time, and ends where it returns a failure.
///
/// Both debts have a least speed and a deadline (`Limits`), so that a slow peer cannot hold memory. Where memory is
/// short, the peer that has owed longest is cut off first (`since`).
package struct PeerDebt {
    /// The progress of a peer that owes something.
    private struct Progress {
        let beganAt: UInt64
        /// When the peer last had made enough progress, and its byte count then.
        var checkedAt: UInt64
        var checkedByteCount: UInt64
    }

    private let limits: Limits
    private var frame: Progress?
    private var replies: Progress?
    /// Bytes that the peer must have taken by `replies.beganAt` + `replyMilliseconds`.
    private var target: UInt64 = 0
    /// When the peer last took any bytes, and how many it had taken by then.
    private var movedAt: UInt64 = 0
    private var takenByteCount: UInt64 = 0
    /// Until when streams of rows were open. Their own flow control judges their reader.
    private var streamedUntil: UInt64 = 0

    package init(limits: Limits) { self.limits = limits }

    /// Since when the peer has owed something; nanoseconds. Nil where it owes nothing.
    package var since: UInt64? {
        guard let frame else { return replies?.checkedAt }
        guard let replies else { return frame.beganAt }
        return min(frame.beganAt, replies.checkedAt)
    }

    package var hasUnfinishedFrame: Bool { frame != nil }

    /// The unfinished frame is complete, or the server itself does not read on: the peer owes no frame.
    package mutating func endFrame() { frame = nil }

    /// `byteCount` bytes of an unfinished frame have arrived by `now`.
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

    /// The socket has taken all replies.
    package mutating func endReplies() { replies = nil }

    /// Replies wait at `now`: from now on the peer owes reading them. `written`: bytes that were ever written.
    package mutating func beginReplies(written: UInt64, now: UInt64) {
        guard replies == nil else { return }
        replies = Progress(beganAt: now, checkedAt: now, checkedByteCount: takenByteCount)
        target = written
        movedAt = now
    }

    /// The peer's system has acknowledged `acknowledged` of the `written` bytes that were ever written, by `now`.
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

    /// Streams of rows are open at `now`: `StreamFlowControl` judges their reader.
    package mutating func noteStreams(now: UInt64) { streamedUntil = now }

    /// Whether replies wait, and the peer has taken none of them for so long.
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
