public import KindredDomain

/// An audience as it arrives, best first, in chunks.
///
/// ```swift
/// let audience = try await client.lookalike(seeds: seeds, size: .count(1_000))
/// for try await chunk in audience {
///     for (id, score) in zip(chunk.ids, chunk.scores) { print(id, score) }
/// }
/// let summary = try await audience.summary()
/// ```
///
/// The rows' order, continuity and checksum are verified: after the last chunk comes the end, or an error. The server
/// sends rows only as far as the window reaches beyond the rows that have been read, so a slow reader slows down its
/// own stream alone.
///
/// One task reads at a time. All iterators of a stream share its rows. A read while another one waits fails at once
/// with CONCURRENT_READ, and does not disturb the other. Releasing the stream, or cancelling the task that reads,
/// cancels the request.
public struct AudienceStream: AsyncSequence, Sendable {
    /// Consecutive rows.
    public struct Chunk: Sendable, Equatable {
        /// Position of the first row in the whole audience.
        public var firstRow: UInt64
        /// The users, best first; at least one.
        public var ids: [ExternalID]
        /// One per id; empty where `LookalikeOptions.wantsScores` is false.
        public var scores: [Float]
    }

    /// The server's account of a whole audience.
    public struct Summary: Sendable, Equatable {
        /// The model that answered.
        public var model: ModelName
        /// The version that answered.
        public var version: UInt64
        /// Rows of the audience.
        public var rows: UInt64
        /// Seeds that the server received.
        public var seedsReceived: UInt64
        /// Distinct users of the model among them.
        public var seedsMatched: UInt64
        /// Seeds that repeat an earlier one.
        public var seedsDuplicate: UInt64
        /// Seeds that are not users of the model.
        public var seedsUnmatched: UInt64
        /// The first few of the unmatched seeds.
        public var unmatchedExamples: [ExternalID]
        /// Users that could have been in the audience.
        public var eligible: UInt64
        /// Rows whose score, or a bound of it, was computed. A diagnostic.
        public var scanned: UInt64
        /// Time that the server spent on the answer.
        public var computeTime: Duration
    }

    private let handle: StreamHandle

    init(_ handle: StreamHandle) { self.handle = handle }

    /// An iterator over the chunks that have not been read.
    public func makeAsyncIterator() -> Iterator { Iterator(handle: handle) }

    /// Reads the rest of the rows, drops them, and returns the server's account of the whole audience.
    public func summary() async throws(KindredError) -> Summary {
        while true {
            switch await handle.next() {
            case .rows: continue
            case .end(let summary): return Summary(summary)
            case .failed(let error): throw error
            }
        }
    }

    /// Reads the chunks in order.
    public struct Iterator: AsyncIteratorProtocol {
        let handle: StreamHandle

        /// The next chunk, or nil at the end.
        public mutating func next() async throws(KindredError) -> Chunk? {
            try Chunk.next(await handle.next())
        }

        /// The next chunk, or nil at the end.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(KindredError) -> Chunk? {
            let handle = handle
            return try Chunk.next(await handle.next())
        }
    }
}

extension AudienceStream.Chunk {
    fileprivate static func next(_ event: StreamEvent) throws(KindredError) -> AudienceStream.Chunk? {
        switch event {
        case .rows(let rows):
            AudienceStream.Chunk(firstRow: rows.firstRow, ids: rows.ids.ids, scores: rows.scores)
        case .end: nil
        case .failed(let error): throw error
        }
    }
}

extension AudienceStream.Summary {
    init(_ summary: LookalikeSummary) {
        model = summary.origin.model
        version = summary.origin.version
        rows = summary.rows
        seedsReceived = summary.seedsReceived
        seedsMatched = summary.seedsMatched
        seedsDuplicate = summary.seedsDuplicate
        seedsUnmatched = summary.seedsUnmatched
        unmatchedExamples = summary.unmatchedExamples.ids
        eligible = summary.rowsEligible
        scanned = summary.rowsScanned
        computeTime = .microseconds(Int64(summary.origin.computeMicroseconds))
    }
}
