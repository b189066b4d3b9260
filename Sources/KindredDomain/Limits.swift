/// All limits of servers and clients. A server's configuration may lower its limits, never raise them.
///
/// The defaults are the limits of protocol version 1. HELLO_OK advertises a server's own. `violation` checks the
/// relations between them.
package struct Limits: Sendable, Equatable {
    /// Bytes of a frame's body. A multiple of 8.
    package var bodyBytesMax: UInt32 = 4 << 20
    /// Bytes of a frame's body before HELLO is accepted.
    package var bodyBytesBeforeHelloMax: UInt32 = 16 << 10
    /// Requests of one connection without an END reply.
    package var requestsInFlightMax: UInt32 = 1_024
    /// Queries in one RECOMMEND or SCORE.
    package var queriesPerBatchMax: UInt32 = 1_024
    /// Results per query.
    package var kMax: UInt32 = 10_000
    /// Results per request: queries x k.
    package var resultsPerRequestMax: UInt32 = 100_000
    /// Elements of one vector.
    package var dimensionMax: UInt32 = 4_096
    /// Members of one basket.
    package var basketMembersMax: UInt32 = 512
    /// Excluded ids of one query.
    package var excludedIDsMax: UInt32 = 10_000
    /// Candidates of one query: the allowed ids of RECOMMEND, or the ids that SCORE scores.
    package var candidatesMax: UInt32 = 100_000
    /// Excluded ids and candidates of one request, counted once for every query that they apply to.
    package var listedIDsPerRequestMax: UInt64 = 10_000_000
    /// Ids of one GET_VECTORS.
    package var vectorIDsMax: UInt32 = 10_000
    /// Vector elements in one GET_VECTORS reply: ids x dimension.
    package var vectorElementsPerRequestMax: UInt32 = 4 << 20
    /// Catalog columns that come with each result.
    package var columnsPerRequestMax: UInt32 = 16
    /// Bytes of one filter's text, of the filters for each query of a request together, and of the texts of a
    /// request's bound values together.
    package var filterBytesMax: UInt32 = 16 << 10
    /// Nodes of one filter: operators, columns, literals, parameters.
    package var filterNodesMax: UInt32 = 4_096
    /// Nesting of one filter's operators and parentheses.
    package var filterDepthMax: UInt32 = 64
    /// Bound values of one request.
    package var filterValuesMax: UInt32 = 256
    /// Boosts of one request.
    package var boostsMax: UInt32 = 8
    /// Caps of one request.
    package var capsMax: UInt32 = 4
    /// Rows of one query that diversity re-orders.
    package var poolMax: UInt32 = 2_000
    /// Rows that the rules of one request rank: queries x (offset + k), or queries x pool. All queries of a request may
    /// have the largest pool.
    package var rankedRowsPerRequestMax: UInt32 = 1 << 21
    /// Bytes of the masks that a request holds of its filters, also of those that are kept, and of what boosts make of
    /// filters that depend on its queries (`seed.`). As many bytes again may be lists of the rows that its filters
    /// keep.
    package var maskBytesPerRequestMax: UInt32 = 128 << 20
    /// Seeds of one look-alike expansion.
    package var seedsMax: UInt64 = 10_000_000
    /// Unmatched seeds that a summary names.
    package var unmatchedExamplesMax: UInt32 = 10
    /// Greatest window: bytes that a reader may grant beyond the bytes that it has received.
    package var windowBytesMax: UInt64 = 64 << 20
    /// The window of a stream that is opened with a window of 0.
    package var windowBytesDefault: UInt64 = 4 << 20
    /// Body bytes of one DATA frame.
    package var dataBodyBytesMax: UInt32 = 256 << 10
    /// Look-alike streams of one connection at a time.
    package var streamsPerConnectionMax: UInt32 = 2
    /// Look-alike streams of the whole process at a time.
    package var streamsMax: UInt32 = 64
    /// Bytes of selected ids and scores that all streams of the process hold together.
    package var streamBytesHeldMax: UInt64 = 192 << 20
    /// Longest timeout of a request.
    package var timeoutMillisecondsMax: UInt32 = 60_000
    /// The timeout of a request that names none.
    package var timeoutMillisecondsDefault: UInt32 = 60_000
    /// A connection is closed after this time without traffic and without requests in flight.
    package var idleMilliseconds: UInt32 = 600_000
    /// Time for preface and HELLO to arrive.
    package var handshakeMilliseconds: UInt32 = 5_000
    /// A stream's reader must take `streamProgressBytesMin`, or all that there is, in every period of this length.
    package var streamProgressMilliseconds: UInt32 = 30_000
    /// Bytes that a stream's reader must take per `streamProgressMilliseconds`.
    package var streamProgressBytesMin: UInt32 = 64 << 10
    /// Greatest duration of one stream.
    package var streamMillisecondsMax: UInt32 = 3_600_000
    /// An unfinished frame must bring `frameProgressBytesMin`, or its rest, in every period of this length.
    package var frameProgressMilliseconds: UInt32 = 10_000
    /// Bytes that an unfinished frame must bring per `frameProgressMilliseconds`.
    package var frameProgressBytesMin: UInt32 = 64 << 10
    /// Longest time from a frame's first byte to its last.
    package var frameMilliseconds: UInt32 = 60_000
    /// Longest time until a peer has read the bytes written to it. It must also take `streamProgressBytesMin`, or all
    /// bytes that wait, in every `streamProgressMilliseconds`.
    package var replyMilliseconds: UInt32 = 600_000
    /// Bytes of the reply to one request, in all its frames.
    package var replyBytesMax: UInt32 = 64 << 20
    /// Longest time without progress of a peer that reads its last replies before its connection closes.
    package var lingerMilliseconds: UInt32 = 2_000
    /// Bytes of a text id.
    package var idBytesMax: UInt32 = 256
    /// Bytes that all connections of the process hold together: unfinished frames, large requests in work, and unread
    /// replies. Above it, the connections whose peers have been slow for longest are closed.
    package var connectionBytesHeldMax: UInt64 = 128 << 20
    /// A request of at least so many bytes counts, with its reply, towards `connectionBytesHeldMax`.
    package var largeRequestBytesMin: UInt32 = 64 << 10
    /// Bytes of seeds that one stream holds before they are looked up. Above it, no more bytes are read.
    package var seedBytesHeldMax: UInt32 = 1 << 20
    /// Connections of one server.
    package var connectionsMax: UInt32 = 10_000
    /// Queries of the whole process that wait for their scan. Above it, requests are OVERLOADED.
    package var pendingQueriesMax: UInt32 = 65_536
    /// Longest predicted wait of a request for its scan. Above it, the request is OVERLOADED.
    package var queueMillisecondsMax: UInt32 = 500
    /// MODEL_LOADs of the whole process that wait for a look at the repository. Above it, they are OVERLOADED.
    package var looksWaitingMax: UInt32 = 1_024
    /// MODEL_ACTIVATEs and MODEL_ROLLBACKs of the whole process that wait. Above it, they are OVERLOADED.
    package var switchesWaitingMax: UInt32 = 64
    /// Bytes of a client's or server's own name.
    package var peerNameBytesMax: UInt32 = 128
    /// Bytes of an error's message.
    package var messageBytesMax: UInt32 = 1_024

    /// The limits of protocol version 1.
    package static let standard = Limits()

    /// Greatest numeric id: ids fit a signed 64-bit integer, as SQLite stores them.
    package static let numberIDMax: UInt64 = (1 << 63) - 1
    /// Greatest request id. It is exact in a float64, so that any language can hold it.
    package static let requestIDMax: UInt64 = (1 << 53) - 1
    /// Greatest float64 norm of a vector. Products and sums of such vectors never overflow a float32.
    package static let normMax: Double = 0x1p60
    /// Greatest alpha and greatest lambda of a version that folds in visitors.
    package static let foldInSettingMax: Double = 0x1p60
    /// Rows of one side of a model: a row number has 32 bits.
    package static let rowsMax: UInt64 = (1 << 32) - 1
    /// Bytes of a model's name.
    package static let modelNameBytesMax = 63
    /// Bytes of a catalog column's name.
    package static let columnNameBytesMax = 128
    /// Columns of one catalog table.
    package static let catalogColumnsMax = 256
    /// Tables of values of one side: `items_NAME(id, value)` or `users_NAME(id, value)`.
    package static let catalogSetsMax = 64
    /// Bytes of one text in a catalog.
    package static let catalogTextBytesMax = 64 << 10
    /// Bytes of all distinct texts of one catalog column.
    package static let catalogDictionaryBytesMax = 1 << 30
    /// Bytes in memory of the columns of one catalog table.
    package static let catalogColumnBytesMax = 8 << 30
    /// Bytes of one entry of a catalog table: room for its id and for the longest text in every column.
    package static let catalogEntryBytesMax = (catalogColumnsMax + 2) * catalogTextBytesMax
    /// Tables and indexes of a catalog.
    package static let catalogSchemaEntriesMax = 1_024
    /// Bytes of one statement in a catalog's schema, and of one that reads it.
    package static let catalogStatementBytesMax = 1 << 20
    /// Columns of one side whose groups are kept for caps. With more, those that were not used for longest are built
    /// again.
    package static let groupColumnsKeptMax = 8
    /// Bytes of a pattern of LIKE or GLOB, as SQLite has it by default.
    package static let patternBytesMax = 50_000
    /// Steps of matching one pattern with one text: a character is compared in a step. Some for each byte of the
    /// longest text.
    package static let patternStepsMax = 1 << 20
    /// The same for all patterns of a filter together, for one distinct text of a column or for one row.
    package static let patternStepsPerPartMax = 1 << 21
    /// Bytes of all patterns of a filter together. All of them are made ready in one step.
    package static let patternBytesPerFilterMax = 256 << 10
    /// Bytes of the texts that a condition reads again for each row, or for each distinct text of a column.
    package static let rowTextBytesMax = 64 << 10
    /// Bytes of what one filter finds out about distinct texts and values before it goes over the rows. What needs more
    /// is evaluated row by row.
    package static let filterTableBytesMax = 64 << 20
    /// Steps of SQLite while it reads a catalog's schema: several for each entry.
    package static let catalogSchemaStepsMax = 1 << 16
    /// Steps of SQLite while it reads a catalog of no bytes.
    package static let catalogStepsMin = 1 << 20
    /// Further steps for each byte of the file and each column. A column that was added later takes steps for every
    /// entry, but has no bytes in old entries.
    package static let catalogStepsPerByteAndColumnMax = 3
    /// Milliseconds for reading a catalog of no bytes.
    package static let catalogMillisecondsMin = 10_000
    /// Further milliseconds for each mebibyte of the file.
    package static let catalogMillisecondsPerMebibyteMax = 1_000
    /// Bytes of SQLite's heap in the whole process.
    package static let databaseHeapBytesMax = 96 << 20
    /// Bytes below a memory bound that a new version leaves to the rest of the process.
    package static let memoryReserveBytes: UInt64 = 32 << 20
    /// Bytes of unused heap that the process keeps. More are returned to the system.
    package static let unusedHeapBytesMax: UInt64 = 64 << 20
    /// Greatest value of `--memory-max`, in mebibytes.
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
    /// Pairs of a user and a seen item in one version.
    package static let seenPairsMax: UInt64 = 1 << 36
    /// Bytes of one line of a text of pairs: room for two ids and what separates them.
    package static let pairLineBytesMax = 1 << 10
    /// Unknown ids that a pack names as examples, for each side.
    package static let unknownExamplesMax = 3
    /// Members of a `.npz` archive.
    package static let archiveMembersMax = 64
    /// Bytes of the directory of a `.npz` archive.
    package static let archiveDirectoryBytesMax = 1 << 20
    /// Versions on disk that MODEL_LIST names for one model, the newest, beside the loaded ones; and as many refused
    /// ones.
    package static let versionsListedMax = 1_000
    /// Manifests of versions that are not loaded that one look at the repository reads. The next looks read others.
    package static let manifestsPerLookMax = 256
    /// Bytes that are read of the lock file of a state folder.
    package static let lockFileBytesMax = 1 << 10
    /// Nesting depth of a JSON document in a file.
    package static let jsonDepthMax = 16
    /// Bytes of a text file of ids that a command reads.
    package static let idListFileBytesMax = 2 << 30
    /// Bytes of the body of a request whose answer may be cached.
    package static let keptRequestBytesMax = 4 << 10
    /// Bytes of the body of an answer that may be cached.
    package static let keptReplyBytesMax = 32 << 10
    /// Greatest value of `--answer-cache-mib`: mebibytes of the cache of one event loop.
    package static let answerCacheMebibytesMax = 1 << 16
    /// Greatest value of `--filter-cache-mib`: mebibytes of the masks of filters in the whole process.
    package static let filterCacheMebibytesMax = 1 << 16
    /// Frames in a row without a use that a client accepts from a server.
    package static let unaskedFramesMax = 64
    /// Body bytes of a reply's frame beyond which the reply takes several. A loop makes one frame in a step, and a
    /// frame of the greatest size takes longer than other peers may wait. Results of one query stay together.
    package static let replyFrameBytes = 1 << 20
    /// Body bytes of one answer, in all its frames, that a client accepts.
    package static let replyBytesHeldMax = 256 << 20
    /// Bytes of requests that a client holds while the server does not read them.
    package static let unsentBytesMax = 64 << 20
    /// Unread chunks of one stream that a client keeps apart. More are joined.
    package static let streamChunksHeldMax = 1_024
    /// How long a client waits for the END of a request that it has given up. Then it closes the connection.
    package static let replyOwedMilliseconds: Int64 = 60_000
    /// Longest wait before a client connects again. A server may ask for more; the client does not wait longer.
    package static let reconnectMillisecondsMax: Int64 = 60_000
    /// Seeds, and rows, whose ids a client keeps to check an audience. Of a larger audience it keeps none.
    package static let idsCheckedMax: UInt64 = 1_000_000
    /// Least `bodyBytesMax` of a server that a client accepts.
    package static let bodyBytesLeast: UInt32 = 1_024
    /// Least `dataBodyBytesMax` that a client accepts for a look-alike: one row with the longest id fits.
    package static let dataBodyBytesLeast: UInt32 = 512
    /// Wait before a client asks a server again that shuts down or is not ready.
    package static let retryMilliseconds: UInt32 = 1_000
    /// Greatest share of a population, in parts per million: the whole.
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
