internal import NIOCore

/// The buffers that wait for the system to take them: how many bytes they have, and which requests may have left.
///
/// The system takes buffers in order. So a request that was written behind the oldest waiting buffer has not left,
/// and if the connection ends now, the server has not seen it.
struct WriteLog {
    private var waiting = CircularBuffer<(lastRequestID: UInt64, byteCount: Int)>()
    /// No request after this one has left.
    private(set) var begunThrough: UInt64 = 0
    /// Bytes of the buffers.
    private(set) var byteCount = 0

    /// A buffer goes to the system; the last request in it, or before it, is `lastRequestID`.
    mutating func begin(lastRequestID: UInt64, byteCount: Int) {
        if waiting.isEmpty { begunThrough = lastRequestID }
        waiting.append((lastRequestID, byteCount))
        self.byteCount += byteCount
    }

    /// The system has taken the oldest buffer.
    mutating func end() {
        guard let first = waiting.popFirst() else { return }
        byteCount -= first.byteCount
        if let next = waiting.first { begunThrough = next.lastRequestID }
    }
}
