internal import NIOCore

/// The written buffers that the system has not taken yet: their bytes, and which requests may have been sent.
///
/// The system takes buffers in order. A request behind the oldest waiting buffer was not sent: if the connection ends
/// now, the server has not seen it.
struct WriteLog {
    private var waiting = CircularBuffer<(lastRequestID: UInt64, byteCount: Int)>()
    /// No request after this one has been sent.
    private(set) var begunThrough: UInt64 = 0
    /// Bytes that wait.
    private(set) var byteCount = 0

    /// Adds a buffer. `lastRequestID` is the last request in it or before it.
    mutating func begin(lastRequestID: UInt64, byteCount: Int) {
        if waiting.isEmpty { begunThrough = lastRequestID }
        waiting.append((lastRequestID, byteCount))
        self.byteCount += byteCount
    }

    /// Removes the oldest buffer: the system has taken it.
    mutating func end() {
        guard let first = waiting.popFirst() else { return }
        byteCount -= first.byteCount
        if let next = waiting.first { begunThrough = next.lastRequestID }
    }
}
