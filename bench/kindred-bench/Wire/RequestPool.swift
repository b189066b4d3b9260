import KindredDomain
import KindredWire

/// Requests whose bodies were encoded before a load begins, in the order in which they are sent, again and
/// again.
struct RequestPool: Sendable {
    struct Entry: Sendable {
        let kind: RequestKind
        let type: MessageType
        /// Queries of its batch; 1 for everything else.
        let queryCount: Int
        fileprivate let range: Range<Int>
    }

    /// Bytes of all bodies, at most.
    static let byteCountMax = 256 << 20

    private(set) var entries: [Entry] = []
    private var bytes: [UInt8] = []

    /// Recommendations for the users 0 ..< `users`, one each.
    static func users(_ users: Int, k: Int) -> RequestPool {
        var pool = RequestPool()
        for user in 0..<users {
            let scope = QueryScope(queries: .users(.numbers([UInt64(user)])), target: .items)
            pool.append(.recommend(RecommendRequest(scope: scope, k: UInt32(k))), kind: .user)
        }
        return pool
    }

    /// Appends a request. False, and nothing happens, where the bodies would take more than `byteCountMax`.
    @discardableResult
    mutating func append(_ message: ClientMessage, kind: RequestKind, queryCount: Int = 1) -> Bool {
        var writer = ByteWriter()
        message.encodeBody(into: &writer)
        guard bytes.count + writer.byteCount <= Self.byteCountMax else { return false }
        let start = bytes.count
        writer.withUnsafeBytes { bytes.append(contentsOf: $0) }
        entries.append(
            Entry(kind: kind, type: message.type, queryCount: queryCount, range: start..<bytes.count))
        return true
    }

    /// Some of the requests, in the order given.
    func selecting(_ chosen: [Int]) -> RequestPool {
        var pool = self
        pool.entries = chosen.map { entries[$0] }
        return pool
    }

    func body(_ entry: Int) -> ArraySlice<UInt8> { bytes[entries[entry].range] }

    /// Gives `use` the same without a reference to it, which threads that share the pool would count in turns.
    func withBody(_ entry: Int, _ use: (Span<UInt8>) -> Void) {
        use(bytes.span.extracting(entries[entry].range))
    }
}
