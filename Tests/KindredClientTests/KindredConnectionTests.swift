import KindredClient
import KindredDomain
import KindredWire
import NIOCore
import Testing

/// One connection to a scripted peer.
@Suite(.timeLimit(.minutes(1))) struct KindredConnectionTests {
    private var soon: NIODeadline { .now() + .seconds(20) }

    private func error(_ body: () async throws -> some Sendable) async -> KindredError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? KindredError
        }
    }

    @Test func answersMayComeInAnyOrder() async throws {
        // Collects eight pings and answers the last first.
        let peer = try await ScriptedPeer.start { header, message, connection in
            connection.kept.append((header, message))
            guard connection.kept.count == 8 else { return }
            for (header, message) in connection.kept.reversed() {
                if case .ping(let value) = message { connection.reply(.pong(value), to: header) }
            }
        }
        let connection = try await peer.connect()
        let deadline = soon
        try await withThrowingTaskGroup(of: Void.self) { group in
            for value in UInt64(0)..<8 {
                group.addTask {
                    let reply = try await connection.exchange(.ping(value), deadline: deadline)
                    #expect(reply == .pong(value))
                }
            }
            try await group.waitForAll()
        }
        #expect(connection.inFlightCount == 0)
        await connection.close()
        #expect(!connection.isOpen)
        await peer.stop()
    }

    @Test func framesOfOneAnswerAreJoined() async throws {
        let response = Self.response(queries: 30)
        let peer = try await ScriptedPeer.start { header, _, connection in
            connection.reply(.recommend(response), to: header, bodyBytesMax: 512)
        }
        let connection = try await peer.connect()
        let request = RecommendRequest(
            scope: QueryScope(queries: .users(.numbers(Array(0..<30))), target: .items), k: 2)
        let reply = try await connection.exchange(.recommend(request), deadline: soon)
        guard case .recommend(let whole) = reply else {
            Issue.record("\(reply)")
            return
        }
        #expect(whole.ids == response.ids)
        #expect(whole.offsets == response.offsets)
        #expect(whole.scores == response.scores)
        await connection.close()
        await peer.stop()
    }

    static func response(queries: Int) -> RecommendResponse {
        RecommendResponse(
            origin: AnswerOrigin(model: ModelName("shop")!, version: 4),
            outcomes: (0..<queries).map { _ in QueryOutcome(rowsEligible: 9, rowsScanned: 9) },
            offsets: (0...queries).map { UInt32($0 * 2) },
            ids: .numbers((0..<UInt64(queries * 2)).map { $0 }),
            scores: (0..<queries * 2).map { Float(-$0) }, columns: [])
    }

    @Test func errorReplyIsThrownWithItsValues() async throws {
        let peer = try await ScriptedPeer.start { header, _, connection in
            connection.reply(
                .failure(ErrorReply(.limitExceeded(.k, found: 20_000, limit: 1_000))), to: header)
        }
        let connection = try await peer.connect()
        let deadline = soon
        let error = await error { try await connection.exchange(.stats, deadline: deadline) }
        #expect(error?.name == "LIMIT_EXCEEDED")
        #expect(error?.value == 20_000)
        #expect(error?.limit == 1_000)
        #expect(error?.isRetryable == false)
        await connection.close()
        await peer.stop()
    }

    @Test func deadlineEndsTheWaitAndCancels() async throws {
        let (cancelled, seen) = AsyncStream.makeStream(of: UInt64.self)
        let peer = try await ScriptedPeer.start { header, message, connection in
            switch message {
            case .cancel:
                seen.yield(header.requestID)
                // A late reply to the request that was given up.
                if let first = connection.kept.first {
                    connection.reply(.failure(ErrorReply(.cancelled)), to: first.header)
                }
            case .ping(let value): connection.reply(.pong(value), to: header)
            default: connection.kept.append((header, message))
            }
        }
        let connection = try await peer.connect()
        let error = await error {
            try await connection.exchange(.stats, deadline: .now() + .seconds(1))
        }
        #expect(error?.name == "DEADLINE_EXCEEDED")
        #expect(error?.isRetryable == true)
        var ids = cancelled.makeAsyncIterator()
        #expect(await ids.next() == 2)
        // The connection stays open.
        #expect(try await connection.exchange(.ping(5), deadline: soon) == .pong(5))
        await connection.close()
        await peer.stop()
    }

    @Test func requestCarriesTheTimeLeft() async throws {
        let (timeouts, seen) = AsyncStream.makeStream(of: UInt32.self)
        let peer = try await ScriptedPeer.start { header, _, connection in
            seen.yield(header.argument)
            connection.reply(.pong(0), to: header)
        }
        let connection = try await peer.connect()
        _ = try? await connection.exchange(.ping(0), deadline: .now() + .seconds(3))
        _ = try? await connection.exchange(.ping(0), deadline: .now() + .hours(3))
        var arguments = timeouts.makeAsyncIterator()
        let first = try #require(await arguments.next())
        #expect(first > 1_000 && first <= 3_000)
        #expect(await arguments.next() == Limits.standard.timeoutMillisecondsMax)
        await connection.close()
        await peer.stop()
    }

    @Test func cancellingATaskSendsCancel() async throws {
        let (frames, seen) = AsyncStream.makeStream(of: MessageType.self)
        let peer = try await ScriptedPeer.start { _, message, _ in seen.yield(message.type) }
        let connection = try await peer.connect()
        let deadline = soon
        let task = Task { try await connection.exchange(.stats, deadline: deadline) }
        var types = frames.makeAsyncIterator()
        #expect(await types.next() == .stats)
        task.cancel()
        let error = await error { try await task.value }
        #expect(error?.name == "CANCELLED")
        #expect(await types.next() == .cancel)
        await connection.close()
        await peer.stop()
    }

    @Test func cancelledTaskSendsNothing() async throws {
        let peer = try await ScriptedPeer.start { _, _, _ in }
        let connection = try await peer.connect()
        let deadline = soon
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await connection.exchange(.stats, deadline: deadline)
        }
        let error = await error { try await task.value }
        #expect(error?.name == "CANCELLED")
        #expect(connection.inFlightCount == 0)
        await connection.close()
        await peer.stop()
    }

    @Test func goAwayLetsRequestsInFlightFinish() async throws {
        // GOAWAY accepts the first two requests, which are answered, and refuses the third.
        let peer = try await ScriptedPeer.start { header, message, connection in
            connection.kept.append((header, message))
            guard connection.kept.count == 3 else { return }
            connection.goAway(GoAway(status: .draining, lastRequestID: 3, reconnectAfterMilliseconds: 70))
            for (header, message) in connection.kept.prefix(2) {
                if case .ping(let value) = message { connection.reply(.pong(value), to: header) }
            }
        }
        let connection = try await peer.connect()
        let deadline = soon
        let results = await withTaskGroup(of: Result<ServerReply, KindredError>.self) { group in
            for value in UInt64(0)..<3 {
                group.addTask {
                    do throws(KindredError) {
                        return .success(try await connection.exchange(.ping(value), deadline: deadline))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let errors = results.compactMap { if case .failure(let error) = $0 { error } else { nil } }
        #expect(errors.count == 1)
        #expect(errors.first?.name == "DRAINING")
        #expect(errors.first?.isNotProcessed == true)
        #expect(errors.first?.isRetryable == true)
        #expect(errors.first?.retryAfter == .milliseconds(70))
        // No request is in flight, so the connection ends.
        await connection.closed()
        #expect(!connection.isOpen)
        await peer.stop()
    }

    @Test func lostConnectionFailsRequestsInFlight() async throws {
        let peer = try await ScriptedPeer.start { _, _, connection in connection.close() }
        let connection = try await peer.connect()
        let deadline = soon
        let error = await error { try await connection.exchange(.stats, deadline: deadline) }
        #expect(error?.name == "CONNECTION_LOST")
        #expect(error?.isRetryable == true)
        let again = await self.error { try await connection.exchange(.stats, deadline: deadline) }
        #expect(again?.name == "CONNECTION_LOST")
        #expect(again?.isNotProcessed == true)
        await peer.stop()
    }

    enum MalformedFrame: CaseIterable {
        case zeros, ones, http

        var bytes: [UInt8] {
            switch self {
            case .zeros: [UInt8](repeating: 0, count: 32)
            case .ones: [UInt8](repeating: 0xFF, count: 64)
            case .http: Array("HTTP/1.1 400 Bad Request\r\n\r\n1234".utf8)
            }
        }
    }

    @Test(arguments: MalformedFrame.allCases)
    func malformedFramesAreAProtocolError(_ frame: MalformedFrame) async throws {
        let peer = try await ScriptedPeer.start { _, _, connection in connection.write(raw: frame.bytes) }
        let connection = try await peer.connect()
        let deadline = soon
        let error = await error { try await connection.exchange(.stats, deadline: deadline) }
        #expect(error?.name == "PROTOCOL_ERROR")
        #expect(error?.isRetryable == false)
        await connection.closed()
        await peer.stop()
    }

    @Test func replyToAnUnknownRequestIsAProtocolError() async throws {
        let peer = try await ScriptedPeer.start { header, _, connection in
            var other = header
            other.requestID = 99
            connection.reply(.pong(1), to: other)
        }
        let connection = try await peer.connect()
        let deadline = soon
        let error = await error { try await connection.exchange(.stats, deadline: deadline) }
        #expect(error?.name == "PROTOCOL_ERROR")
        await peer.stop()
    }

    @Test func replyOfAnotherTypeIsAProtocolError() async throws {
        let peer = try await ScriptedPeer.start { header, _, connection in
            var other = header
            other.type = MessageType.ping.rawValue
            connection.reply(.pong(1), to: other)
        }
        let connection = try await peer.connect()
        let deadline = soon
        let error = await error { try await connection.exchange(.stats, deadline: deadline) }
        #expect(error?.name == "PROTOCOL_ERROR")
        await peer.stop()
    }

    @Test func prefaceRefusalsAreThrown() async throws {
        let refusals: [(ServerPreface, String, Bool)] = [
            (ServerPreface(refusing: .draining, retryAfterMilliseconds: 20), "DRAINING", true),
            (ServerPreface(refusing: .overloaded, retryAfterMilliseconds: 20), "OVERLOADED", true),
            (ServerPreface(refusing: .version, retryAfterMilliseconds: 0), "PROTOCOL_ERROR", false),
        ]
        for (preface, name, isRetryable) in refusals {
            let peer = try await ScriptedPeer.start(preface: preface) { _, _, _ in }
            let error = await error { try await peer.connect() }
            #expect(error?.name == name)
            #expect(error?.isRetryable == isRetryable)
            await peer.stop()
        }
    }

    @Test func silentPeerIsGivenUp() async throws {
        let peer = try await ScriptedPeer.start(preface: nil) { _, _, _ in }
        var configuration = ClientConfiguration()
        configuration.connectTimeout = .milliseconds(50)
        let short = configuration
        let error = await error { try await peer.connect(short) }
        #expect(error?.name == "CONNECTION_LOST")
        await peer.stop()
    }

    @Test func tooLargeRequestIsNotSent() async throws {
        var limits = Limits.standard
        limits.bodyBytesMax = 1_024
        let peer = try await ScriptedPeer.start(limits: limits) { _, _, _ in }
        let connection = try await peer.connect()
        let deadline = soon
        let request = VectorsRequest(side: .items, ids: .numbers(Array(0..<1_000)))
        let error = await error { try await connection.exchange(.vectors(request), deadline: deadline) }
        #expect(error?.name == "LIMIT_EXCEEDED")
        #expect(error?.limit == 1_024)
        await connection.close()
        await peer.stop()
    }
}
