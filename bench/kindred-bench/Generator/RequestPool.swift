import KindredDomain
import KindredWire

/// Requests with bodies encoded beforehand, sent in order, again and again.
struct RequestPool: Sendable {
    struct Entry: Sendable {
        let kind: RequestKind
        let type: MessageType
        /// Number of queries of a batch; 1 for other requests.
        let queryCount: Int
        fileprivate let range: Range<Int>
    }

    /// Greatest total of the bodies in bytes.
    static let byteCountMax = 256 << 20

    private(set) var entries: [Entry] = []
    private var bytes: [UInt8] = []

    /// One recommendation for each of the users 0 ..< `users`.
    static func users(_ users: Int, k: Int) -> RequestPool {
        var pool = RequestPool()
        for user in 0..<users {
            let scope = QueryScope(queries: .users(.numbers([UInt64(user)])), target: .items)
            pool.append(.recommend(RecommendRequest(scope: scope, k: UInt32(k))), kind: .user)
        }
        return pool
    }

    /// Appends a request. Returns false, without a change, where the bodies would exceed `byteCountMax`.
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

    /// A pool of the chosen requests, in the order given.
    func selecting(_ chosen: [Int]) -> RequestPool {
        var pool = self
        pool.entries = chosen.map { entries[$0] }
        return pool
    }

    func body(_ entry: Int) -> ArraySlice<UInt8> { bytes[entries[entry].range] }

    /// Calls `use` with the body without retaining the bytes: threads that share the pool would contend for the
    /// reference count.
    func withBody(_ entry: Int, _ use: (Span<UInt8>) -> Void) {
        use(bytes.span.extracting(entries[entry].range))
    }
}

/// The kind of a load's request.
enum RequestKind: String, CaseIterable, Codable, Sendable {
    case ping
    /// Items for a user.
    case user
    /// Items similar to an item.
    case item
    /// Items for a basket of items.
    case basket
    /// Items for a user, with exclusions or candidates.
    case filtered
    /// Items for many users in one request.
    case batch
    /// Users similar to seeds.
    case lookalike
    /// Items for a user, without those seen.
    case seen
    /// Items for a user, behind a filter by attributes.
    case attributes
    /// Items for a user, with boosts.
    case boosts
    /// Items for a user, with caps.
    case caps
    /// Items for a user, unlike each other.
    case diversity
    /// Items for a visitor without a vector.
    case foldIn
    /// Items for a user, from an offset on.
    case page
    /// Items for a user, each with the nearest one that the user has seen.
    case because
    /// Popular items for an unknown user.
    case fallback
    /// Items for several users, no item twice.
    case distinct
    /// Items for a user, with most rules at once.
    case storefront
}
