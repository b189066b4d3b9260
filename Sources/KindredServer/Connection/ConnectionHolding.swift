/// The memory that one connection holds, in bytes, and how much of it is counted in `HeldBytes`. A value.
struct ConnectionHolding {
    /// What arrived and was not read as frames.
    var inputByteCount = 0
    /// Large requests that are worked on, with the replies that they will have.
    var workByteCount = 0
    /// Replies that the socket has not taken.
    var outputByteCount = 0
    /// What was last counted of the three.
    private(set) var counted = 0
    /// Bytes that had ever been written when the connection was last swept.
    var sweptByteCount: UInt64 = 0

    /// Holdings up to here do not count: every connection has them.
    private static let freeByteCount = 4 << 10

    /// What the peer is the reason for: what ends with its connection.
    var byteCountOfPeer: Int { inputByteCount + outputByteCount }

    init(counted: Int = 0) { self.counted = counted }

    /// Takes over work of so many bytes, which somebody else has counted.
    mutating func takeWork(_ byteCount: Int) {
        workByteCount += byteCount
        counted += byteCount
    }

    /// Counts anew: by how much the count has changed.
    mutating func count() -> Int {
        let held = inputByteCount + workByteCount + outputByteCount
        let next = held <= Self.freeByteCount ? 0 : held
        defer { counted = next }
        return next - counted
    }
}
