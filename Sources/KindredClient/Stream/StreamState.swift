package import KindredDomain
internal import KindredWire
package import NIOCore

/// The client's side of one look-alike stream: the bytes received, read and granted, and the rows not yet read.
///
/// The window is absolute: bytes read so far plus the window's size. It is raised when half of it has been read, so
/// that a fast reader costs one WINDOW per half window. For a slow reader it is raised after a third of the time in
/// which the server wants to see progress: else the server, whose rows wait for a WINDOW, takes it for one that does
/// not read, and ends the stream with SLOW_CONSUMER.
package struct StreamState: Sendable {
    /// Longest time from the request to the end.
    package let duration: TimeAmount
    /// True once the last seeds have been sent. Before, a server has only failures to send.
    package var seedsHaveEnded = true
    private let windowBytes: UInt64
    private let windowInterval: TimeAmount
    private var grantedBytes: UInt64
    /// When the reader first asked for rows, or when such a call last raised the window.
    private var grantedAt: NIODeadline?
    private var receivedBytes: UInt64 = 0
    private var readBytes: UInt64 = 0
    private var rows: UInt64 = 0
    private var checksum = AudienceChecksum()
    private var buffered: [(event: StreamEvent, byteCount: UInt64)] = []
    private var firstBuffered = 0
    private var isEnded = false

    /// A stream whose LOOKALIKE granted `windowBytes`, and whose reader must take bytes in every `progressTime`.
    package init(
        windowBytes: UInt64, progressTime: TimeAmount = .seconds(30), duration: TimeAmount = .hours(1)
    ) {
        self.duration = duration
        windowInterval = .nanoseconds(progressTime.nanoseconds / 3)
        self.windowBytes = windowBytes
        grantedBytes = windowBytes
    }

    /// True once the last event has been received.
    package var hasEnded: Bool { isEnded }

    /// Counts the body bytes of a DATA frame, also after the end. Throws PROTOCOL_ERROR when they exceed the window.
    package mutating func take(bodyByteCount: Int) throws(KindredError) {
        // At most 4 MiB each: the sum stays far below 2^64.
        receivedBytes += UInt64(bodyByteCount)
        guard receivedBytes <= grantedBytes else {
            throw .protocolError(
                .flowControl, "\(receivedBytes) bytes of rows where \(grantedBytes) were granted")
        }
    }

    /// Adds rows whose bytes were counted. Throws PROTOCOL_ERROR when they do not continue the rows before.
    package mutating func receive(_ chunk: AudienceRows, bodyByteCount: Int) throws(KindredError) {
        // The stream failed on this side while they were on their way.
        if isEnded { return }
        guard chunk.firstRow == rows else {
            throw .protocolError(.malformedBody, "rows begin at \(chunk.firstRow) where \(rows) was next")
        }
        rows += UInt64(chunk.ids.count)
        checksum.update(chunk.ids)
        guard buffered.count >= Limits.streamChunksHeldMax, join(chunk, bodyByteCount) else {
            buffered.append((.rows(chunk), UInt64(bodyByteCount)))
            return
        }
    }

    /// Joins rows to the chunk before, where both have the same columns: many small chunks take far more memory than
    /// their bytes. False where they differ.
    private mutating func join(_ chunk: AudienceRows, _ bodyByteCount: Int) -> Bool {
        guard case .rows(var last) = buffered[buffered.count - 1].event, last.ids.kind == chunk.ids.kind,
            last.scores.isEmpty == chunk.scores.isEmpty
        else { return false }
        buffered[buffered.count - 1].event = .rows(AudienceRows(firstRow: 0, ids: .empty, scores: []))
        last.ids.append(contentsOf: chunk.ids)
        last.scores += chunk.scores
        buffered[buffered.count - 1].event = .rows(last)
        buffered[buffered.count - 1].byteCount += UInt64(bodyByteCount)
        return true
    }

    /// Ends the stream and drops the rows: there is no reader.
    mutating func clear() {
        isEnded = true
        buffered = []
        firstBuffered = 0
    }

    /// Ends the stream. Throws PROTOCOL_ERROR when its rows do not match the summary's count and checksum.
    package mutating func receive(_ summary: LookalikeSummary) throws(KindredError) {
        guard summary.rows == rows else {
            throw .protocolError(.malformedBody, "\(rows) rows arrived, the server sent \(summary.rows)")
        }
        guard summary.checksum == checksum.value else {
            throw .protocolError(
                .malformedBody,
                "the rows' checksum is \(checksum.value), the server's is \(summary.checksum)")
        }
        end(.end(summary))
    }

    /// Ends the stream with a failure. Rows that arrived before it can still be read.
    package mutating func fail(_ error: KindredError) { end(.failed(error)) }

    private mutating func end(_ event: StreamEvent) {
        guard !isEnded else { return }
        isEnded = true
        buffered.append((event, 0))
    }

    /// The next event for the reader, and the new limit to grant with it; nil when nothing is there yet. The
    /// last event stays.
    ///
    /// `now` is nil where rows arrive for a reader that waits. More than half of the window is left then, so that the
    /// server never waits for it.
    package mutating func next(now: NIODeadline? = nil) -> (event: StreamEvent, windowLimit: UInt64?)? {
        if grantedAt == nil { grantedAt = now }
        guard firstBuffered < buffered.count else { return nil }
        let (event, byteCount) = buffered[firstBuffered]
        if isEnded, firstBuffered == buffered.count - 1 { return (event, nil) }
        firstBuffered += 1
        if firstBuffered == buffered.count {
            buffered.removeAll(keepingCapacity: true)
            firstBuffered = 0
        } else if firstBuffered >= 64 {
            buffered.removeFirst(firstBuffered)
            firstBuffered = 0
        } else {
            // Frees the rows of this side: the reader has them.
            buffered[firstBuffered - 1].event = .rows(AudienceRows(firstRow: 0, ids: .empty, scores: []))
        }
        readBytes += byteCount
        let limit = readBytes + windowBytes
        guard !isEnded, limit > grantedBytes, limit - grantedBytes >= windowBytes / 2 || isDue(now) else {
            return (event, nil)
        }
        grantedBytes = limit
        if let now { grantedAt = now }
        return (event, limit)
    }

    /// True when a slow reader has read for a while since the window was raised.
    private func isDue(_ now: NIODeadline?) -> Bool {
        guard let now, let grantedAt else { return false }
        return now - grantedAt >= windowInterval
    }
}
