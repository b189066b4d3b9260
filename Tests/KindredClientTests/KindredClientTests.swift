import KindredClient
import KindredDomain
import KindredWire
import Testing

/// The pool, the retries and the values of answers.
@Suite(.timeLimit(.minutes(1))) struct KindredClientTests {
    @Test func recommendationsHaveTheirColumns() async throws {
        let peer = try await ScriptedPeer.start { header, message, connection in
            guard case .recommend(let request) = message else { return }
            var answer = RecommendResponse(
                origin: AnswerOrigin(model: ModelName("shop")!, version: 4),
                outcomes: [QueryOutcome(rowsEligible: 3_659, rowsScanned: 3_659)], offsets: [0, 2],
                ids: .text(TextList(["22423", "85123A"])), scores: [0.5, 0.25],
                columns: [
                    ResultColumn(
                        name: "description", values: .text(TextList(["CAKESTAND", ""])),
                        present: [true, false]),
                    ResultColumn(name: "price", values: .reals([12.75, 2.5]), present: [true, true]),
                ])
            if request.scope.queries.count == 2 {
                answer.outcomes.append(QueryOutcome(failure: .unknownID("nobody", .users)))
                answer.offsets.append(2)
            }
            connection.reply(.recommend(answer), to: header)
        }
        let client = KindredClient(peer.endpoint)
        var options = RecommendOptions()
        options.columns = ["description", "price"]
        let one = try await client.recommend(.user("17850"), k: 2, options: options)
        #expect(one.model.description == "shop")
        #expect(one.version == 4)
        #expect(one.isExact)
        #expect(one.eligible == 3_659)
        #expect(one.results.map(\.id) == ["22423", "85123A"])
        #expect(one.results[0].columns == ["description": .text("CAKESTAND"), "price": .real(12.75)])
        #expect(one.results[1].columns == ["price": .real(2.5)])

        let two = try await client.recommendBatch([.user("17850"), .user("nobody")], k: 2, options: options)
        #expect(try two[0].get() == one)
        let second = two[1]
        guard case .failure(let error) = second else {
            Issue.record("\(second)")
            return
        }
        #expect(error.name == "UNKNOWN_ID")
        #expect(error.message.contains("nobody"))
        await client.close()
        await peer.stop()
    }

    @Test func batchOfTwoKindsIsRefused() async throws {
        let peer = try await ScriptedPeer.start { _, _, _ in }
        let client = KindredClient(peer.endpoint)
        for queries in [[], [Query.user("a"), .item("b")], [.vector([1]), .vector([1, 2])]] {
            await #expect(throws: KindredError.self) { try await client.recommendBatch(queries, k: 1) }
        }
        await client.close()
        await peer.stop()
    }

    @Test func missingScoresAndVectorsAreNil() async throws {
        let peer = try await ScriptedPeer.start { header, message, connection in
            let origin = AnswerOrigin(model: ModelName("m")!, version: 1)
            switch message {
            case .score:
                let response = ScoreResponse(
                    origin: origin, outcomes: [QueryOutcome(rowsEligible: 2, rowsScanned: 2)],
                    offsets: [0, 3],
                    scores: [0.5, 0, -1], found: [true, false, true])
                connection.reply(.score(response), to: header)
            case .vectors:
                let response = VectorsResponse(
                    origin: origin, dimension: 2, found: [true, false, true], elements: [1, 2, 3, 4])
                connection.reply(.vectors(response), to: header)
            default: break
            }
        }
        let client = KindredClient(peer.endpoint)
        #expect(try await client.score(.item(1), candidates: [1, 2, 3]).scores == [0.5, nil, -1])
        #expect(try await client.vectors(of: [1, 2, 3], side: .items).vectors == [[1, 2], nil, [3, 4]])
        await client.close()
        await peer.stop()
    }

    @Test func retryableReadsAreRetried() async throws {
        let peer = try await ScriptedPeer.start { header, _, connection in
            connection.counter += 1
            if connection.counter == 1 {
                connection.reply(.failure(ErrorReply(.overloaded(retryAfterMilliseconds: 1))), to: header)
            } else {
                connection.reply(
                    .stats(StatsResponse(names: ["tries"], values: [connection.counter])), to: header)
            }
        }
        let client = KindredClient(peer.endpoint)
        #expect(try await client.stats() == ["tries": 2])
        await client.close()
        await peer.stop()
    }

    @Test func changesThatMayBeProcessedAreNotRetried() async throws {
        let peer = try await ScriptedPeer.start { header, message, connection in
            if case .stats = message {
                connection.reply(
                    .stats(StatsResponse(names: ["changes"], values: [connection.counter])), to: header)
                return
            }
            connection.counter += 1
            connection.reply(.failure(ErrorReply(.internalError(reference: 77))), to: header)
        }
        let client = KindredClient(peer.endpoint)
        do {
            let found = try await client.activate(version: 3)
            Issue.record("no error, but \(found)")
        } catch {
            #expect(error.name == "INTERNAL")
            #expect(error.reference == 77)
        }
        #expect(try await client.stats() == ["changes": 1])
        await client.close()
        await peer.stop()
    }

    @Test func lostConnectionIsReplaced() async throws {
        let peer = try await ScriptedPeer.start { header, message, connection in
            if case .ping(let value) = message {
                connection.reply(.pong(value), to: header)
            } else {
                connection.close()
            }
        }
        var configuration = ClientConfiguration()
        configuration.attemptsMax = 1
        let client = KindredClient(peer.endpoint, configuration: configuration)
        for _ in 0..<3 {
            _ = try await client.ping()
            do {
                let found = try await client.stats()
                Issue.record("no error, but \(found)")
            } catch {
                #expect(error.name == "CONNECTION_LOST")
            }
        }
        await client.close()
        await peer.stop()
    }

    @Test func refusedConnectionFailsAtOnce() async throws {
        let peer = try await ScriptedPeer.start { _, _, _ in }
        await peer.stop()
        let client = KindredClient(peer.endpoint)
        do {
            let found = try await client.health()
            Issue.record("no error, but \(found)")
        } catch {
            #expect(error.name == "CONNECTION_LOST")
        }
        await client.close()
    }

    @Test func requestsAreSpreadOverConnections() async throws {
        let peer = try await ScriptedPeer.start { header, message, connection in
            if case .ping(let value) = message { connection.reply(.pong(value), to: header) }
        }
        var configuration = ClientConfiguration()
        configuration.connectionsPerEndpoint = 4
        let client = KindredClient(peer.endpoint, configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<400 { group.addTask { _ = try await client.ping() } }
            try await group.waitForAll()
        }
        await client.close()
        await peer.stop()
    }

    @Test func retriesAreLimitedToAShareOfTheCalls() {
        let budget = RetryBudget(percent: 10)
        var retries = 0
        for _ in 0..<1_000 {
            budget.earn()
            if budget.spend() { retries += 1 }
        }
        // The full balance of ten, and a tenth of the calls.
        #expect(retries >= 100 && retries <= 111)
        #expect(!RetryBudget(percent: 0).spend())
    }

    @Test func endpointsAreParsed() {
        #expect(Endpoint("127.0.0.1:7411") == Endpoint(host: "127.0.0.1", port: 7411))
        #expect(Endpoint("[::1]:80") == Endpoint(host: "::1", port: 80))
        #expect(Endpoint("[::1]:80")?.description == "[::1]:80")
        #expect(Endpoint("host") == Endpoint(host: "host", port: 7411))
        #expect(Endpoint("127.0.0.1") == Endpoint(host: "127.0.0.1", port: 7411))
        #expect(Endpoint("[::1]") == Endpoint(host: "::1", port: 7411))
        for text in ["", "7411", "[]", "::1", "host:", ":80", "host:99999", "::1:80", "host:-1"] {
            #expect(Endpoint(text) == nil)
        }
    }
}
