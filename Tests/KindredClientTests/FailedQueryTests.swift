import KindredClient
import KindredDomain
import KindredWire
import Testing

/// The error of a failed query of a batch.
@Suite(.timeLimit(.minutes(1))) struct FailedQueryTests {
    @Test func failuresHaveTheirNumbers() async throws {
        let failures: [(failure: RequestFailure, value: UInt64, limit: UInt64)] = [
            (.invalidArgument(.normTooLarge(0x1p61)), 1 << 61, 1 << 60),
            (.invalidArgument(.emptyBasket), 0, 1),
            (.unknownID(.number(17_850), .users), 17_850, 0),
            (.unknownID("nobody", .users), 0, 0),
        ]
        let origin = AnswerOrigin(model: ModelName("shop")!, version: 4)
        let outcomes = failures.map { QueryOutcome(failure: $0.failure) }
        let peer = try await ScriptedPeer.start { header, message, connection in
            switch message {
            case .recommend:
                let answered = QueryOutcome(rowsEligible: 1, rowsScanned: 1)
                let answer = RecommendResponse(
                    origin: origin, outcomes: [answered] + outcomes, offsets: [0, 1, 1, 1, 1, 1],
                    ids: .text(TextList(["22423"])), scores: [1], columns: [])
                connection.reply(.recommend(answer), to: header)
            case .score:
                let answer = ScoreResponse(
                    origin: origin, outcomes: [outcomes[0]], offsets: [0, 0], scores: [], found: [])
                connection.reply(.score(answer), to: header)
            default: break
            }
        }
        let client = KindredClient(peer.endpoint)
        let answers = try await client.recommendBatch(Array(repeating: .user("a"), count: 5), k: 1)
        #expect(try answers[0].get().results.map(\.id) == ["22423"])
        for (answer, expected) in zip(answers.dropFirst(), failures) {
            guard case .failure(let error) = answer else {
                Issue.record("\(answer)")
                continue
            }
            #expect(error.name == expected.failure.status.name)
            #expect(error.value == expected.value)
            #expect(error.limit == expected.limit)
            #expect(error.message == expected.failure.description)
        }
        await #expect { try await client.score(.basket([]), candidates: ["a"]) } throws: {
            ($0 as? KindredError)?.value == 1 << 61 && ($0 as? KindredError)?.limit == 1 << 60
        }
        await client.close()
        await peer.stop()
    }
}
