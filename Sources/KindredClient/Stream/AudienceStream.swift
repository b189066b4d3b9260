public import KindredDomain
internal import KindredWire

/// An audience as it arrives, best first, in chunks.
///
/// The server sends only as much as the window allows beyond what has been read, so a slow reader slows the
/// stream and nothing else. The rows' continuity and their checksum are verified: the last chunk is followed by
/// the end, or by an error. One task reads; letting go of the stream cancels what is left.
public struct AudienceStream: AsyncSequence, Sendable {
    /// Some consecutive rows.
    public struct Chunk: Sendable, Equatable {
        /// Position of the first row in the whole audience.
        public var firstRow: UInt64
        /// At least one.
        public var ids: [ExternalID]
        /// One per id, or none when they were not asked for.
        public var scores: [Float]
    }

    /// What the server says at the end.
    public struct Summary: Sendable, Equatable {
        /// Which model answered.
        public var model: ModelName
        /// Which of its versions.
        public var version: UInt64
        /// Rows of the audience.
        public var rows: UInt64
        /// Seeds that arrived.
        public var seedsReceived: UInt64
        /// Distinct users of the model among them.
        public var seedsMatched: UInt64
        /// Seeds that had been given before.
        public var seedsDuplicate: UInt64
        /// Seeds that are no users of the model.
        public var seedsUnmatched: UInt64
        /// The first of those.
        public var unmatchedExamples: [ExternalID]
        /// Users that could have been in the audience.
        public var eligible: UInt64
        /// Rows, or bounds of rows, that were computed: a diagnostic.
        public var scanned: UInt64
        /// Time the server computed.
        public var computeTime: Duration
    }

    private let handle: StreamHandle

    init(_ handle: StreamHandle) { self.handle = handle }

    /// Reads the chunks in order.
    public func makeAsyncIterator() -> Iterator { Iterator(handle: handle) }

    /// Reads what has not been read yet and returns what the server says at the end.
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
