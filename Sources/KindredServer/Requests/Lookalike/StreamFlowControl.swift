import DequeModule
import KindredDomain

/// Flow control of a stream of rows: how much may be sent, and whether the reader is too slow. A value: no sockets, no
/// clock.
package struct StreamFlowControl: ~Copyable {
    private let limits: Limits
    private let openedAt: UInt64
    /// Body bytes of DATA that were sent.
    private var sentBytes: UInt64 = 0
    /// Body bytes of DATA that may be sent in all.
    private var windowLimit: UInt64
    /// DATA frames that the reader's system has not acknowledged as a whole, in their order.
    private var underway: Deque<Piece> = []
    /// Body bytes that it has acknowledged.
    private var takenBytes: UInt64 = 0
    /// Time and byte count at the reader's last sufficient progress; nil before the first rows are sent.
    private var progress: (at: UInt64, bytes: UInt64)?

    /// A DATA frame that was sent.
    private struct Piece {
        /// Bytes that the connection had written before the frame.
        let start: UInt64
        let byteCount: UInt64
    }

    /// A stream that was opened at `now` nanoseconds with a window of `windowBytes`; 0: the default.
    package init(windowBytes: UInt64, limits: Limits, now: UInt64) {
        self.limits = limits
        openedAt = now
        windowLimit = windowBytes == 0 ? limits.windowBytesDefault : windowBytes
    }

    /// The greatest limit a reader may set now.
    package var windowLimitMax: UInt64 { sentBytes + limits.windowBytesMax }

    /// Body bytes that the next DATA may have; 0 while the window is used up.
    package var room: Int {
        guard windowLimit > sentBytes else { return 0 }
        return Int(min(UInt64(limits.dataBodyBytesMax), windowLimit - sentBytes))
    }

    /// Raises the window to `limit` bytes in all. False where that is no more than before. Throws INVALID_ARGUMENT
    /// where it is beyond `windowLimitMax`.
    package mutating func raise(to limit: UInt64) throws(RequestFailure) -> Bool {
        guard limit <= windowLimitMax else { throw .invalidArgument(.windowTooLarge(limit)) }
        guard limit > windowLimit else { return false }
        windowLimit = limit
        return true
    }

    /// Counts a DATA with a body of `byteCount` bytes, at most `room`, that the connection wrote after `written` bytes.
    package mutating func noteSent(_ byteCount: Int, after written: UInt64) {
        sentBytes += UInt64(byteCount)
        underway.append(Piece(start: written, byteCount: UInt64(byteCount)))
    }

    /// The first rows are sent: from now on the reader must keep the least speed.
    package mutating func beginRows(now: UInt64) { progress = (now, 0) }

    /// Whether rows were sent: then the request's own timeout counts no more.
    package var hasBegun: Bool { progress != nil }

    /// Why the stream ends now, if it has lasted too long, or if its reader has taken too little since rows were sent.
    /// Only while rows are left.
    ///
    /// `acknowledgedByteCount`: bytes of the connection that the reader's system has acknowledged. Bytes written do not
    /// count: they leave this side in large pieces, between which a slow but steady reader would seem to take nothing.
    package mutating func timeout(now: UInt64, acknowledgedByteCount: UInt64) -> RequestFailure? {
        let taken = takenByteCount(acknowledgedByteCount)
        if now > openedAt + UInt64(limits.streamMillisecondsMax) * 1_000_000 {
            return .slowConsumer(bytes: taken, milliseconds: limits.streamMillisecondsMax)
        }
        guard let (at, bytes) = progress else { return nil }
        if taken >= bytes + UInt64(limits.streamProgressBytesMin) {
            progress = (now, taken)
            return nil
        }
        guard now > at + UInt64(limits.streamProgressMilliseconds) * 1_000_000 else { return nil }
        return .slowConsumer(
            bytes: taken - min(bytes, taken), milliseconds: limits.streamProgressMilliseconds)
    }

    /// Body bytes of this stream's DATA among the acknowledged bytes of the connection. Other streams and replies share
    /// these.
    private mutating func takenByteCount(_ acknowledged: UInt64) -> UInt64 {
        while let piece = underway.first, piece.start + piece.byteCount <= acknowledged {
            takenBytes += piece.byteCount
            underway.removeFirst()
        }
        guard let piece = underway.first, piece.start < acknowledged else { return takenBytes }
        return takenBytes + (acknowledged - piece.start)
    }
}
