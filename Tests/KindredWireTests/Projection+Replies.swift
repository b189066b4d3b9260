import KindredDomain
import KindredWire

extension Projection {
    /// The projection of a server's frame.
    init(_ reply: ServerReply) {
        switch reply {
        case .helloOK(let reply): project(reply)
        case .pong(let value): fix("opaque", value)
        case .goAway(let message): project(message)
        case .data(let rows): project(rows)
        case .recommend(let reply): project(reply)
        case .score(let reply):
            project(reply.origin, reply.outcomes, reply.offsets)
            fix("first_query", reply.firstQuery)
            section("scores", Self.floats(reply.scores))
            section("found", Self.bitmap(reply.found))
        case .vectors(let reply):
            fix("id_count", reply.found.count)
            fix("first_id", reply.firstID)
            fix("dimension", reply.dimension)
            project(reply.origin)
            section("found", Self.bitmap(reply.found))
            section("vectors", Self.floats(reply.elements))
        case .filter(let reply):
            fix("flags", reply.isKept ? 1 : 0)
            fix("version", reply.version)
            fix("rows", reply.rowCount)
            fix("rows_passing", reply.rowsPassing)
            fix("evaluate_us", reply.evaluateMicroseconds)
            section("model", .text(reply.model.description))
        case .lookalike(let summary): project(summary)
        case .modelList(let response): project(response)
        case .modelSwitch(let response):
            fix("flags", response.isRemembered ? 0 : 1)
            fix("active", response.active)
            fix("previous", response.previous)
            fix("pinned", response.pinned)
        case .stats(let response):
            section("names", Self.texts(response.names))
            section("values", Self.numbers(response.values))
        case .health(let response):
            fix("state", response.state.rawValue)
            fix("models_ready", response.modelsReady)
        case .failure(let reply):
            fix("detail", reply.detail)
            fix("retry_after_ms", reply.retryAfterMilliseconds)
            fix("reference", reply.reference)
            fix("value", reply.value)
            fix("limit", reply.limit)
            if !reply.message.isEmpty { section("message", .text(reply.message)) }
        }
    }

    private mutating func project(_ reply: HelloReply) {
        let limits = reply.limits
        fix("minor", reply.minor)
        fix("features_granted", reply.featuresGranted)
        fix("body_bytes_max", limits.bodyBytesMax)
        fix("seeds_max", limits.seedsMax)
        fix("window_bytes_default", limits.windowBytesDefault)
        fix("window_bytes_max", limits.windowBytesMax)
        fix("requests_in_flight_max", limits.requestsInFlightMax)
        fix("queries_per_batch_max", limits.queriesPerBatchMax)
        fix("k_max", limits.kMax)
        fix("results_per_request_max", limits.resultsPerRequestMax)
        fix("dimension_max", limits.dimensionMax)
        fix("basket_members_max", limits.basketMembersMax)
        fix("excluded_ids_max", limits.excludedIDsMax)
        fix("candidates_max", limits.candidatesMax)
        fix("vector_ids_max", limits.vectorIDsMax)
        fix("vector_elements_per_request_max", limits.vectorElementsPerRequestMax)
        fix("columns_per_request_max", limits.columnsPerRequestMax)
        fix("streams_per_connection_max", limits.streamsPerConnectionMax)
        fix("data_body_bytes_max", limits.dataBodyBytesMax)
        fix("timeout_ms_max", limits.timeoutMillisecondsMax)
        fix("idle_ms", limits.idleMilliseconds)
        fix("stream_progress_ms", limits.streamProgressMilliseconds)
        fix("stream_progress_bytes_min", limits.streamProgressBytesMin)
        fix("stream_ms_max", limits.streamMillisecondsMax)
        fix("id_bytes_max", limits.idBytesMax)
        fix("timeout_ms_default", limits.timeoutMillisecondsDefault)
        fix("queue_ms_max", limits.queueMillisecondsMax)
        fix("pending_queries_max", limits.pendingQueriesMax)
        fix("streams_max", limits.streamsMax)
        fix("listed_ids_per_request_max", limits.listedIDsPerRequestMax)
        fix("stream_bytes_held_max", limits.streamBytesHeldMax)
        fix("connection_bytes_held_max", limits.connectionBytesHeldMax)
        fix("frame_progress_ms", limits.frameProgressMilliseconds)
        fix("frame_progress_bytes_min", limits.frameProgressBytesMin)
        fix("frame_ms", limits.frameMilliseconds)
        fix("reply_ms", limits.replyMilliseconds)
        fix("reply_bytes_max", limits.replyBytesMax)
        fix("filter_bytes_max", limits.filterBytesMax)
        fix("filter_nodes_max", limits.filterNodesMax)
        fix("filter_depth_max", limits.filterDepthMax)
        fix("filter_values_max", limits.filterValuesMax)
        fix("boosts_max", limits.boostsMax)
        fix("caps_max", limits.capsMax)
        fix("pool_max", limits.poolMax)
        section("server_name", .text(reply.serverName))
        section("default_model", Self.model(reply.defaultModel))
    }

    private mutating func project(_ origin: AnswerOrigin) {
        fix("version", origin.version)
        fix("queue_us", origin.queueMicroseconds)
        fix("compute_us", origin.computeMicroseconds)
        section("model", .text(origin.model.description))
    }

    private mutating func project(_ origin: AnswerOrigin, _ outcomes: [QueryReply], _ offsets: [UInt32]) {
        project(origin)
        fix("query_count", outcomes.count)
        section("result_offsets", Self.numbers(offsets))
        section("statuses", Self.numbers(outcomes.map(\.status)))
        if outcomes.contains(where: { !$0.isAnswered }) {
            section("details", Self.numbers(outcomes.map(\.detail)))
            section("messages", Self.texts(outcomes.map(\.message)))
            section("values", Self.numbers(outcomes.map(\.value)))
            section("limits", Self.numbers(outcomes.map(\.limit)))
        }
    }

    private mutating func project(_ reply: RecommendReply) {
        project(reply.origin, reply.outcomes, reply.offsets)
        fix("first_query", reply.firstQuery)
        section("ids", Self.ids(reply.ids))
        section("scores", reply.scores.map { Self.floats($0) })
        section("query_flags", Self.numbers(reply.outcomes.map(\.flags.rawValue)))
        section("rows_eligible", Self.numbers(reply.outcomes.map(\.rowsEligible)))
        section("rows_scanned", Self.numbers(reply.outcomes.map(\.rowsScanned)))
        if reply.outcomes.contains(where: { $0.unknownIDs != nil }) {
            section("unknown_ids", Self.numbers(reply.outcomes.compactMap(\.unknownIDs)))
        }
        if let because = reply.because {
            section("because", Self.ids(because.ids))
            section("because_found", Self.bitmap(because.found))
        }
        if reply.outcomes.contains(where: { $0.rowsTaken != nil }) {
            section("rows_taken", Self.numbers(reply.outcomes.compactMap(\.rowsTaken)))
        }
        if !reply.columns.isEmpty { section("columns", .list(reply.columns.map { Self.column($0) })) }
    }

    private static func column(_ column: ReplyColumn) -> JSONValue {
        let valid = JSONValue.list(column.present.map { .bool($0) })
        return switch column.values {
        case .integers(let values):
            .object(["type": .text("i64"), "values": numbers(values), "valid": valid])
        case .reals(let values):
            .object(["type": .text("f64"), "values": .list(values.map { .bits($0) }), "valid": valid])
        case .text(let list): .object(["type": .text("text"), "values": texts(list.strings), "valid": valid])
        }
    }

    private static func bitmap(_ values: [Bool]) -> JSONValue {
        var bytes = [UInt8](repeating: 0, count: (values.count + 7) / 8)
        for index in values.indices where values[index] { bytes[index / 8] |= 1 << UInt8(index % 8) }
        return numbers(bytes)
    }

    private mutating func project(_ summary: LookalikeSummary) {
        project(summary.origin)
        fix("flags", 1)
        fix("checksum", summary.checksum)
        fix("rows", summary.rows)
        fix("seeds_received", summary.seedsReceived)
        fix("seeds_matched", summary.seedsMatched)
        fix("seeds_duplicate", summary.seedsDuplicate)
        fix("seeds_unmatched", summary.seedsUnmatched)
        fix("rows_eligible", summary.rowsEligible)
        fix("rows_scanned", summary.rowsScanned)
        if !summary.unmatchedExamples.isEmpty {
            section("unmatched_examples", Self.ids(summary.unmatchedExamples))
        }
    }

    private mutating func project(_ response: ModelListResponse) {
        let models = response.models
        fix("model_count", models.count)
        section("names", Self.texts(models.map(\.name.description)))
        section("active", Self.numbers(models.map(\.active)))
        section("previous", Self.numbers(models.map(\.previous)))
        section("pinned", Self.numbers(models.map(\.pinned)))
        section("dimension", Self.numbers(models.map(\.dimension)))
        section("metric", Self.numbers(models.map(\.metric.rawValue)))
        section("flags", Self.numbers(models.map { $0.isDefault ? 1 : 0 }))
        section("items", Self.numbers(models.map(\.itemCount)))
        section("users", Self.numbers(models.map(\.userCount)))
        section("item_id_kind", Self.numbers(models.map { $0.itemIDKind?.rawValue ?? 0 }))
        section("user_id_kind", Self.numbers(models.map { $0.userIDKind?.rawValue ?? 0 }))
        section("fingerprints", .list(models.map { Self.hex($0.fingerprint) }))
        section("training_ids", Self.texts(models.map(\.trainingID)))
        section("loaded", Self.numbers(models.flatMap(\.loaded)))
        section("loaded_offsets", Self.offsets(models.map(\.loaded.count)))
        section("refused", Self.numbers(models.flatMap { $0.refusals.map(\.version) }))
        section("refused_offsets", Self.offsets(models.map(\.refusals.count)))
        section("refusal_reasons", Self.texts(models.flatMap { $0.refusals.map(\.reason) }))
        section("item_columns", Self.texts(models.flatMap(\.itemColumns)))
        section("item_columns_offsets", Self.offsets(models.map(\.itemColumns.count)))
        section("user_columns", Self.texts(models.flatMap(\.userColumns)))
        section("user_columns_offsets", Self.offsets(models.map(\.userColumns.count)))
        section("item_column_types", Self.numbers(models.flatMap { $0.itemColumnTypes.map(\.rawValue) }))
        section("user_column_types", Self.numbers(models.flatMap { $0.userColumnTypes.map(\.rawValue) }))
        section("remarks", Self.texts(models.map(\.remark)))
        if !response.remark.isEmpty { section("repository_remark", .text(response.remark)) }
        let all = models.flatMap(\.available)
        section("available", Self.numbers(all.map(\.version)))
        section("available_offsets", Self.offsets(models.map(\.available.count)))
        section("available_state", Self.numbers(all.map(\.state.rawValue)))
        section("available_dimension", Self.numbers(all.map(\.details.dimension)))
        section("available_items", Self.numbers(all.map(\.details.itemCount)))
        section("available_users", Self.numbers(all.map(\.details.userCount)))
        section("available_item_columns", Self.texts(all.flatMap(\.details.itemColumns)))
        section("available_item_columns_offsets", Self.offsets(all.map(\.details.itemColumns.count)))
        section("available_user_columns", Self.texts(all.flatMap(\.details.userColumns)))
        section("available_user_columns_offsets", Self.offsets(all.map(\.details.userColumns.count)))
    }

    private static func offsets(_ counts: [Int]) -> JSONValue {
        var sum = 0
        return numbers(
            [0]
                + counts.map { count in
                    sum += count
                    return sum
                })
    }
}
