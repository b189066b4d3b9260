/// Every limit of the service, in one place. A server's configuration may lower them, never raise them.
///
/// The defaults are the limits of protocol version 1 and are advertised in HELLO_OK. The relations between
/// them are checked by `violation`.
package struct Limits: Sendable, Equatable {
    /// Bytes after a frame header, at most. A multiple of 8.
    package var bodyBytesMax: UInt32 = 4 << 20
    /// Bytes after a frame header before HELLO has been accepted.
    package var bodyBytesBeforeHelloMax: UInt32 = 16 << 10
    /// Requests of one connection that have no END reply yet.
    package var requestsInFlightMax: UInt32 = 1_024
    /// Queries in one RECOMMEND or SCORE.
    package var queriesPerBatchMax: UInt32 = 1_024
    /// Results per query.
    package var kMax: UInt32 = 1_000
    /// Results per request: queries x k.
    package var resultsPerRequestMax: UInt32 = 100_000
    /// Elements of one vector.
    package var dimensionMax: UInt32 = 4_096
    /// Members of one basket.
    package var basketMembersMax: UInt32 = 512
    /// Excluded ids of one query.
    package var excludedIDsMax: UInt32 = 10_000
    /// Candidate ids of one query (an allow-list, or the ids that SCORE scores).
    package var candidatesMax: UInt32 = 100_000
    /// Excluded ids and candidates of one request, counted once for every query they apply to.
    package var listedIDsPerRequestMax: UInt64 = 10_000_000
    /// Ids of one GET_VECTORS.
    package var vectorIDsMax: UInt32 = 10_000
    /// Vector elements in one GET_VECTORS reply: ids x dimension.
    package var vectorElementsPerRequestMax: UInt32 = 4 << 20
    /// Catalog columns wanted with the winners.
    package var columnsPerRequestMax: UInt32 = 16
    /// Seeds of one look-alike expansion.
    package var seedsMax: UInt64 = 10_000_000
    /// Unmatched seeds that a summary names.
    package var unmatchedExamplesMax: UInt32 = 10
    /// Bytes that a reader may grant ahead of what it has received.
    package var windowBytesMax: UInt64 = 64 << 20
    /// Bytes granted when a stream is opened with a window of 0.
    package var windowBytesDefault: UInt64 = 4 << 20
    /// Body bytes of one DATA frame.
    package var dataBodyBytesMax: UInt32 = 256 << 10
    /// Look-alike streams of one connection at a time.
    package var streamsPerConnectionMax: UInt32 = 2
    /// Look-alike streams of the whole process at a time.
    package var streamsMax: UInt32 = 64
    /// Bytes of selected ids and scores that all streams of the process may hold.
    package var streamBytesHeldMax: UInt64 = 192 << 20
    /// Longest timeout a request may ask for.
    package var timeoutMillisecondsMax: UInt32 = 60_000
    /// The timeout of a request that asks for none.
    package var timeoutMillisecondsDefault: UInt32 = 60_000
    /// A connection without traffic and without requests in flight is closed after this.
    package var idleMilliseconds: UInt32 = 600_000
    /// Preface and HELLO must have arrived within this.
    package var handshakeMilliseconds: UInt32 = 5_000
    /// A reader of a stream must take `streamProgressBytesMin` in this time, and a stream may last
    /// `streamMillisecondsMax`.
    package var streamProgressMilliseconds: UInt32 = 30_000
    /// Least bytes a stream's reader must take per `streamProgressMilliseconds`.
    package var streamProgressBytesMin: UInt32 = 64 << 10
    /// Greatest duration of one stream.
    package var streamMillisecondsMax: UInt32 = 3_600_000
    /// A frame that has begun must bring `frameProgressBytesMin`, or its rest, in every period of so many milliseconds.
    package var frameProgressMilliseconds: UInt32 = 10_000
    /// Least bytes of an unfinished frame per `frameProgressMilliseconds`.
    package var frameProgressBytesMin: UInt32 = 64 << 10
    /// Longest time from a frame's first byte to its last.
    package var frameMilliseconds: UInt32 = 60_000
    /// Longest time until a peer has read what was written to it. It must also take `streamProgressBytesMin`, or all
    /// that waits, in every `streamProgressMilliseconds`.
    package var replyMilliseconds: UInt32 = 600_000
    /// Bytes of the reply to one request, in as many frames as it takes.
    package var replyBytesMax: UInt32 = 64 << 20
    /// How long a peer may take nothing of its last replies once its connection is about to close.
    package var lingerMilliseconds: UInt32 = 2_000
    /// Bytes of a text id.
    package var idBytesMax: UInt32 = 256
    /// Bytes that all connections of the process may hold: unfinished frames, large requests that are worked on, and
    /// replies that are not read. Above it, the peers that have been owing for longest are cut off.
    package var connectionBytesHeldMax: UInt64 = 128 << 20
    /// Bytes from which on a request, with its reply, counts towards `connectionBytesHeldMax`.
    package var largeRequestBytesMin: UInt32 = 64 << 10
    /// Bytes of seeds that one stream may hold before they are looked up; more is not read meanwhile.
    package var seedBytesHeldMax: UInt32 = 1 << 20
    /// Connections of one server.
    package var connectionsMax: UInt32 = 10_000
    /// Queries that wait for their scan, in the whole process; over it the answer is OVERLOADED.
    package var pendingQueriesMax: UInt32 = 65_536
    /// How long a request may have to wait for its scan, by the pace of those before; over it the answer is OVERLOADED.
    package var queueMillisecondsMax: UInt32 = 500
    /// MODEL_LOADs of the whole process that wait for a look at the repository; over it the answer is OVERLOADED.
    package var looksWaitingMax: UInt32 = 1_024
    /// MODEL_ACTIVATEs and MODEL_ROLLBACKs of the whole process that wait; over it the answer is OVERLOADED.
    package var switchesWaitingMax: UInt32 = 64
    /// Bytes of the names a client or server gives itself.
    package var peerNameBytesMax: UInt32 = 128
    /// Bytes of an error's message.
    package var messageBytesMax: UInt32 = 1_024

    /// The limits of protocol version 1.
    package static let standard = Limits()

    /// Greatest numeric id: ids fit a signed 64-bit integer, as SQLite stores them.
    package static let numberIDMax: UInt64 = (1 << 63) - 1
    /// Greatest request id: exact in a float64, so any language can hold it.
    package static let requestIDMax: UInt64 = (1 << 53) - 1
    /// Greatest float64 norm of a vector. Products and sums of such vectors never overflow a float32.
    package static let normMax: Double = 0x1p60
    /// Rows of one side of a model: a row is a `UInt32` and a look-alike's key holds it in 32 bits.
    package static let rowsMax: UInt64 = (1 << 32) - 1
    /// Bytes of a model's name.
    package static let modelNameBytesMax = 63
    /// Bytes of a catalog column's name.
    package static let columnNameBytesMax = 128
    /// Columns of one catalog table.
    package static let catalogColumnsMax = 256
    /// Bytes of one text in a catalog.
    package static let catalogTextBytesMax = 64 << 10
    /// Bytes of all distinct texts of one catalog column.
    package static let catalogDictionaryBytesMax = 1 << 30
    /// Bytes of the columns that one catalog table becomes in memory.
    package static let catalogColumnBytesMax = 8 << 30
    /// Bytes of one entry of a catalog table: room for its id and for the longest text in every column.
    package static let catalogEntryBytesMax = (catalogColumnsMax + 2) * catalogTextBytesMax
    /// Tables and indexes of a catalog.
    package static let catalogSchemaEntriesMax = 1_024
    /// Bytes of one statement in a catalog's schema, and of one that reads it.
    package static let catalogStatementBytesMax = 1 << 20
    /// Steps of SQLite while it reads a catalog's schema. An entry takes some 10.
    package static let catalogSchemaStepsMax = 1 << 16
    /// Steps of SQLite while it reads a catalog of no bytes, and as many more for each byte and column. An entry takes
    /// at least 6 bytes, and some 14 steps for each column, of which a column that was added later has no bytes.
    package static let catalogStepsMin = 1 << 20
    package static let catalogStepsPerByteAndColumnMax = 3
    /// Milliseconds for reading a catalog of no bytes, and as many more for each mebibyte.
    package static let catalogMillisecondsMin = 10_000
    package static let catalogMillisecondsPerMebibyteMax = 1_000
    /// Bytes that SQLite may hold in the whole process.
    package static let databaseHeapBytesMax = 96 << 20
    /// Bytes of a bound on memory that a version which is about to be loaded leaves to the rest of the process.
    package static let memoryReserveBytes: UInt64 = 32 << 20
    /// Bytes of the heap that nobody uses and that the process keeps for what comes.
    package static let unusedHeapBytesMax: UInt64 = 64 << 20
    /// Mebibytes that a server may be told to stay within.
    package static let memoryMebibytesMax = 1 << 30
    /// Names in one folder of the repository.
    package static let folderEntriesMax = 100_000
    /// Bytes of a server's state file.
    package static let stateFileBytesMax = 16 << 20
    /// Bytes of a safetensors header.
    package static let safetensorsHeaderBytesMax: UInt64 = 1 << 20
    /// Tensors in a safetensors file.
    package static let safetensorsTensorsMax = 64
    /// Bytes of a manifest.
    package static let manifestBytesMax = 1 << 20
    /// Versions of one model, the newest, that MODEL_LIST says to be on disk beside those that are loaded, and as many
    /// that were refused.
    package static let versionsListedMax = 1_000
    /// Manifests of versions that are not loaded that one look at the repository reads; the next looks read others.
    package static let manifestsPerLookMax = 256
    /// Bytes of the lock file of a state folder that are read.
    package static let lockFileBytesMax = 1 << 10
    /// Nesting of a JSON document that is read from a file.
    package static let jsonDepthMax = 16
    /// Bytes of a text file of ids that a command reads.
    package static let idListFileBytesMax = 2 << 30
    /// Bytes of the body of a request whose answer may be kept for the next one like it.
    package static let keptRequestBytesMax = 4 << 10
    /// Bytes of the body of an answer that may be kept.
    package static let keptReplyBytesMax = 32 << 10
    /// Mebibytes of answers that one event loop may be told to keep.
    package static let answerCacheMebibytesMax = 1 << 16
    /// Frames in a row that a client takes from a server without any use for them.
    package static let unaskedFramesMax = 64
    /// Body bytes of one answer that a client joins from several frames.
    package static let replyBytesHeldMax = 256 << 20
    /// Bytes of requests that a client keeps for a server that does not take them.
    package static let unsentBytesMax = 64 << 20
    /// Chunks of one stream that a client keeps apart while nobody reads them; more are joined.
    package static let streamChunksHeldMax = 1_024
    /// How long a client waits for the end of a request it has given up; then the connection is of no use.
    package static let replyOwedMilliseconds: Int64 = 60_000
    /// Longest wait before a client connects again, whatever a server asks for.
    package static let reconnectMillisecondsMax: Int64 = 60_000
    /// Seeds, and rows, whose ids a client keeps to check an audience; of more none is kept.
    package static let idsCheckedMax: UInt64 = 1_000_000
    /// Least `bodyBytesMax` of a server that a client can use.
    package static let bodyBytesLeast: UInt32 = 1_024
    /// Least `dataBodyBytesMax` and window of a look-alike: one row with the longest id fits.
    package static let dataBodyBytesLeast: UInt32 = 512
    /// When to try a server again that shuts down or is not ready, where nothing tells better.
    package static let retryMilliseconds: UInt32 = 1_000
    /// Parts per million in the whole: a share of a population.
    package static let shareMax: UInt64 = 1_000_000

    /// Limits with protocol version 1's values.
    package init() {}

    /// The first relation between the limits that does not hold, or nil.
    package var violation: String? {
        if bodyBytesMax % 8 != 0 { return "bodyBytesMax \(bodyBytesMax) is not a multiple of 8" }
        if bodyBytesBeforeHelloMax > bodyBytesMax { return "bodyBytesBeforeHelloMax exceeds bodyBytesMax" }
        if dataBodyBytesMax > bodyBytesMax { return "dataBodyBytesMax exceeds bodyBytesMax" }
        if UInt64(dataBodyBytesMax) > windowBytesDefault {
            return "dataBodyBytesMax exceeds windowBytesDefault"
        }
        if windowBytesDefault > windowBytesMax { return "windowBytesDefault exceeds windowBytesMax" }
        if timeoutMillisecondsDefault > timeoutMillisecondsMax {
            return "timeoutMillisecondsDefault exceeds timeoutMillisecondsMax"
        }
        if kMax > resultsPerRequestMax { return "kMax exceeds resultsPerRequestMax" }
        if UInt64(dimensionMax) * 4 + 64 > UInt64(bodyBytesMax) { return "one vector does not fit a body" }
        if frameProgressMilliseconds > frameMilliseconds {
            return "frameProgressMilliseconds exceeds frameMilliseconds"
        }
        if bodyBytesMax > replyBytesMax { return "bodyBytesMax exceeds replyBytesMax" }
        if UInt64(bodyBytesMax) > connectionBytesHeldMax {
            return "bodyBytesMax exceeds connectionBytesHeldMax"
        }
        return nil
    }
}
