import KindredDomain
import KindredWire
import Testing

/// The numbers in the code and in `proto-spec/schema.json` are the same, and neither has more.
@Suite struct StatusCodeTests {
    @Test func statusesMatchTheSchema() throws {
        let statuses = try #require(try JSONValue.read("schema.json")["statuses"]?.object)
        #expect(statuses.count == StatusCode.allCases.count)
        for status in StatusCode.allCases {
            let entry = try #require(statuses[status.name], "\(status.name)")
            #expect(entry["code"]?.number == UInt64(status.rawValue), "\(status.name)")
            let flags = Set(try #require(entry["flags"]?.list).compactMap(\.text))
            #expect(flags == Set(names(of: status.flags)), "\(status.name)")
        }
    }

    private func names(of flags: StatusFlags) -> [String] {
        var names: [String] = []
        if flags.contains(.retryable) { names.append("RETRYABLE") }
        if flags.contains(.notProcessed) { names.append("NOT_PROCESSED") }
        if flags.contains(.retryElsewhere) { names.append("RETRY_ELSEWHERE") }
        if flags.contains(.connectionClosing) { names.append("CONNECTION_CLOSING") }
        return names
    }

    @Test func statusFlagsMatchTheSchema() throws {
        let flags = try #require(try JSONValue.read("schema.json")["header"]?["status_flags"]?.object)
        #expect(flags["RETRYABLE"]?.number == UInt64(StatusFlags.retryable.rawValue))
        #expect(flags["NOT_PROCESSED"]?.number == UInt64(StatusFlags.notProcessed.rawValue))
        #expect(flags["RETRY_ELSEWHERE"]?.number == UInt64(StatusFlags.retryElsewhere.rawValue))
        #expect(flags["CONNECTION_CLOSING"]?.number == UInt64(StatusFlags.connectionClosing.rawValue))
    }

    @Test func detailsMatchTheSchema() throws {
        let details = try #require(try JSONValue.read("schema.json")["details"]?.object)
        let numbers = Set(details.values.compactMap { $0["code"]?.number })
        #expect(numbers == Set(DetailCode.allCases.map { UInt64($0.rawValue) }))
        for (name, entry) in details {
            let detail = try #require(entry["code"]?.number.flatMap { UInt16(exactly: $0) })
            #expect(try #require(DetailCode(rawValue: detail)).name == name)
        }
    }

    /// A name without case and separators. The code spells out the schema's abbreviations.
    private func squeezed(_ name: String) -> String {
        name.filter { $0 != "_" }.lowercased().replacing("minimum", with: "min")
    }

    @Test func messageTypesMatchTheSchema() throws {
        let messages = try #require(try JSONValue.read("schema.json")["messages"]?.object)
        #expect(messages.count == MessageType.allCases.count)
        for type in MessageType.allCases {
            let entry = messages.first { $0.value["type"]?.number == UInt64(type.rawValue) }
            #expect(entry.map { squeezed($0.key) } == squeezed("\(type)"))
        }
    }

    @Test func limitsMatchTheSchema() throws {
        let limits = try #require(try JSONValue.read("schema.json")["limits"]?.object)
        let places: [String: PartialKeyPath<Limits>] = [
            "body_bytes_max": \.bodyBytesMax,
            "body_bytes_before_hello_max": \.bodyBytesBeforeHelloMax,
            "requests_in_flight_max": \.requestsInFlightMax,
            "queries_per_batch_max": \.queriesPerBatchMax,
            "k_max": \.kMax,
            "results_per_request_max": \.resultsPerRequestMax,
            "dimension_max": \.dimensionMax,
            "basket_members_max": \.basketMembersMax,
            "excluded_ids_max": \.excludedIDsMax,
            "candidates_max": \.candidatesMax,
            "listed_ids_per_request_max": \.listedIDsPerRequestMax,
            "vector_ids_max": \.vectorIDsMax,
            "vector_elements_per_request_max": \.vectorElementsPerRequestMax,
            "columns_per_request_max": \.columnsPerRequestMax,
            "seeds_max": \.seedsMax,
            "window_bytes_default": \.windowBytesDefault,
            "window_bytes_max": \.windowBytesMax,
            "data_body_bytes_max": \.dataBodyBytesMax,
            "streams_per_connection_max": \.streamsPerConnectionMax,
            "timeout_ms_max": \.timeoutMillisecondsMax,
            "timeout_ms_default": \.timeoutMillisecondsDefault,
            "queue_ms_max": \.queueMillisecondsMax,
            "pending_queries_max": \.pendingQueriesMax,
            "streams_max": \.streamsMax,
            "stream_bytes_held_max": \.streamBytesHeldMax,
            "connection_bytes_held_max": \.connectionBytesHeldMax,
            "frame_progress_ms": \.frameProgressMilliseconds,
            "frame_progress_bytes_min": \.frameProgressBytesMin,
            "frame_ms": \.frameMilliseconds,
            "reply_ms": \.replyMilliseconds,
            "reply_bytes_max": \.replyBytesMax,
            "idle_ms": \.idleMilliseconds,
            "handshake_ms": \.handshakeMilliseconds,
            "stream_progress_ms": \.streamProgressMilliseconds,
            "stream_progress_bytes_min": \.streamProgressBytesMin,
            "stream_ms_max": \.streamMillisecondsMax,
            "id_bytes_max": \.idBytesMax,
            "peer_name_bytes_max": \.peerNameBytesMax,
            "message_bytes_max": \.messageBytesMax,
            "filter_bytes_max": \.filterBytesMax,
            "filter_nodes_max": \.filterNodesMax,
            "filter_depth_max": \.filterDepthMax,
            "filter_values_max": \.filterValuesMax,
            "boosts_max": \.boostsMax,
            "caps_max": \.capsMax,
            "pool_max": \.poolMax,
        ]
        #expect(Set(places.keys) == Set(limits.keys))
        for (name, place) in places {
            #expect(limits[name]?.text == "\(Limits.standard[keyPath: place])", "\(name)")
        }
    }

    @Test func failuresHaveTheirStatusAndMessage() {
        let failures: [(RequestFailure, StatusCode, DetailCode)] = [
            (.invalidArgument(.kIsZero), .invalidArgument, .kIsZero),
            (.unknownID("a", .users), .unknownID, .none),
            (.noKnownSeed(count: 3, first: "a"), .unknownID, .noKnownSeed),
            (.noKnownCandidate(count: 3, first: "a", .items), .unknownID, .noKnownCandidate),
            (.overloaded(retryAfterMilliseconds: 20), .overloaded, .none),
            (.draining, .draining, .none),
        ]
        for (failure, status, detail) in failures {
            let reply = ErrorReply(failure)
            #expect(reply.status == status.rawValue)
            #expect(reply.flags == status.flags)
            #expect(reply.detail == detail.rawValue)
            #expect(reply.message == failure.description)
        }
        #expect(ErrorReply(.overloaded(retryAfterMilliseconds: 20)).retryAfterMilliseconds == 20)
        // A retryable failure of capacity names a wait.
        for failure in [RequestFailure.draining, .noModelReady] {
            #expect(failure.status.flags.contains(.retryable))
            #expect(ErrorReply(failure).retryAfterMilliseconds == Limits.retryMilliseconds)
        }
        #expect(ErrorReply(.internalError(reference: 7)).reference == 7)
        #expect(ErrorReply(.conflict(expected: 1, active: 2)).value == 2)
        #expect(ErrorReply(.invalidArgument(.normTooLarge(.infinity))).value == .max)
        #expect(ErrorReply(.invalidArgument(.normTooLarge(0x1p61))).value == 1 << 61)
    }
}
