import DequeModule
import KindredDomain

/// What the reader of a stream of rows has had and may have, and when it takes too little, as a value: no sockets, no
/// clock. The stream gives it bytes and the time and executes what it returns.
package struct StreamFlow: ~Copyable {
    private let limits: Limits
    private let openedAt: UInt64
    /// Body bytes of DATA that were sent, and that may be.
    private var sentBytes: UInt64 = 0
    private var windowLimit: UInt64
    /// Those DATA of which the reader's system has not acknowledged all, in their order.
    private var underway: Deque<Piece> = []
    /// Body bytes that it has acknowledged.
    private var takenBytes: UInt64 = 0
    /// When the reader was last seen to have taken its share, and how much it had taken by then; nil before the first
    /// rows have gone out.
    private var progress: (at: UInt64, bytes: UInt64)?

    /// A DATA on its way.
    private struct Piece {
        /// Bytes that the connection had written before it.
        let start: UInt64
        let byteCount: UInt64
    }

    /// A stream that was opened at `now` nanoseconds with a window of so many bytes, 0 for the default.
    package init(windowBytes: UInt64, limits: Limits, now: UInt64) {
        self.limits = limits
        openedAt = now
        windowLimit = windowBytes == 0 ? limits.windowBytesDefault : windowBytes
    }

    /// The greatest limit a reader may set now.
    package var windowLimitMax: UInt64 { sentBytes + limits.windowBytesMax }

    /// Body bytes that the next DATA may have; 0 while the reader has granted no more.
    package var room: Int {
        guard windowLimit > sentBytes else { return 0 }
        return Int(min(UInt64(limits.dataBodyBytesMax), windowLimit - sentBytes))
    }

    /// The reader may have `limit` bytes in all. False where that is no more than before; throws INVALID_ARGUMENT
    /// where it is beyond `windowLimitMax`.
    package mutating func raise(to limit: UInt64) throws(RequestFailure) -> Bool {
        guard limit <= windowLimitMax else { throw .invalidArgument(.windowTooLarge(limit)) }
        guard limit > windowLimit else { return false }
        windowLimit = limit
        return true
    }

    /// A DATA with a body of so many bytes, at most `room`, was written after `written` bytes of the connection.
    package mutating func noteSent(_ byteCount: Int, after written: UInt64) {
        sentBytes += UInt64(byteCount)
        underway.append(Piece(start: written, byteCount: UInt64(byteCount)))
    }

    /// The first rows go out: from now on the reader has to take its share.
    package mutating func beginRows(now: UInt64) { progress = (now, 0) }

    /// Rows have gone out: the request's own time no longer runs.
    package var hasBegun: Bool { progress != nil }

    /// Why the stream ends now, if it has lasted too long or its reader, once rows have gone out, takes too little.
    /// There are rows left.
    ///
    /// Of what the connection has written, the reader's system has acknowledged so many bytes. What is written and not
    /// acknowledged waits on this side: it gets there in large pieces, between which a reader that takes little by
    /// little must not seem to take nothing.
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

    /// Body bytes of this stream's DATA among the connection's bytes that are acknowledged; those of other streams and
    /// replies are not its own.
    private mutating func takenByteCount(_ acknowledged: UInt64) -> UInt64 {
        while let piece = underway.first, piece.start + piece.byteCount <= acknowledged {
            takenBytes += piece.byteCount
            underway.removeFirst()
        }
        guard let piece = underway.first, piece.start < acknowledged else { return takenBytes }
        return takenBytes + (acknowledged - piece.start)
    }
}
