import KindredClient
import KindredDomain
import KindredWire
import Testing

/// Answers to requests with rules: a true one passes, and one with a single lie is refused.
@Suite struct RuleReplyCheckTests {
    private typealias Change = (inout RecommendResponse) -> Void

    /// Encodes and decodes an answer as a connection does, and checks it.
    private func check(_ request: RecommendRequest, _ response: RecommendResponse) throws {
        var writer = ByteWriter()
        try ServerMessage.recommend(response).encode(
            replyTo: 0x10, requestID: 2, bodyBytesMax: 4 << 20, into: &writer)
        let bytes = writer.bytes
        let header = try FrameHeader(decoding: bytes.span.bytes, bodyBytesMax: 4 << 20)
        let reply = try ServerReply.decode(
            header: header, body: bytes.span.bytes.extracting(FrameHeader.byteCount..<bytes.count))
        try ReplyCheck.check(reply, answers: .recommend(request))
    }

    private func request(
        _ queries: QueryBatch, unknown: UnknownIDPolicy = .strict,
        _ rules: (inout RecommendRules) -> Void = { _ in }
    ) -> RecommendRequest {
        var request = RecommendRequest(scope: QueryScope(queries: queries, target: .items), k: 3)
        request.scope.unknownIDs = unknown
        var asked = RecommendRules()
        rules(&asked)
        request.rules = asked == RecommendRules() ? nil : asked
        return request
    }

    /// Rows 101, 102, 103, and 104, ... for the next query, with the scores 0.9, 0.8, 0.7.
    private func answer(queries: Int = 1, _ change: Change = { _ in }) -> RecommendResponse {
        var response = RecommendResponse(
            origin: AnswerOrigin(model: ModelName("m")!, version: 1),
            outcomes: (0..<queries).map { _ in QueryOutcome(rowsEligible: 20, rowsScanned: 20) },
            offsets: (0...UInt32(queries)).map { 3 * $0 },
            ids: .numbers((0..<UInt64(3 * queries)).map { 101 + $0 }),
            scores: (0..<queries).flatMap { _ in [Float(0.9), 0.8, 0.7] }, columns: [])
        change(&response)
        return response
    }

    private func because(_ ids: [UInt64], _ found: [Bool] = [true, true, true]) -> BecauseList {
        BecauseList(ids: .numbers(ids), found: found)
    }

    private func members(_ ids: [UInt64]) -> Baskets {
        Baskets(members: RaggedIDs(ids: .numbers(ids), offsets: [0, UInt32(ids.count)])!, weights: nil)!
    }

    private func expect(
        _ request: RecommendRequest, _ truth: RecommendResponse, refuses lies: [(String, Change)],
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: Never.self, sourceLocation: location) { try check(request, truth) }
        for (name, change) in lies {
            var lie = truth
            change(&lie)
            #expect(throws: KindredError.self, "\(name)", sourceLocation: location) {
                try check(request, lie)
            }
        }
    }

    @Test func nothingThatNobodyAskedFor() {
        expect(
            request(.users(.numbers([1]))), answer(),
            refuses: [
                ("popular rows", { $0.outcomes[0].isFallback = true }),
                ("unknown ids", { $0.unknownIDs = [0] }),
                ("taken rows", { $0.rowsTaken = [0] }),
                ("because", { $0.because = BecauseList(ids: .numbers([]), found: [false, false, false]) }),
            ])
    }

    @Test func originsAndUnknownIDs() {
        let known = answer { $0.unknownIDs = [0] }
        let lies: [(String, Change)] = [
            ("popular rows", { $0.outcomes[0].isFallback = true }),
            ("an unknown id", { $0.unknownIDs = [1] }),
            ("more than there are", { $0.unknownIDs = [2] }), ("no count", { $0.unknownIDs = nil }),
            ("fewer rows than eligible", { $0.outcomes[0].rowsEligible = 2 }),
        ]
        expect(request(.users(.numbers([1])), unknown: .fallback), known, refuses: lies)
        expect(request(.items(.numbers([1])), unknown: .skip), known, refuses: lies)
        let popular = answer {
            $0.unknownIDs = [1]
            $0.outcomes[0].isFallback = true
        }
        expect(
            request(.users(.numbers([1])), unknown: .fallback), popular,
            refuses: [
                ("rows of the model", { $0.outcomes[0].isFallback = false }),
                ("a known user", { $0.unknownIDs = [0] }), ("ascending", { $0.scores.reverse() }),
                (
                    "fewer than eligible",
                    {
                        ($0.ids, $0.scores, $0.offsets) = (.numbers([101, 102]), [0.9, 0.8], [0, 2])
                    }
                ),
            ])
        expect(
            request(.baskets(members([1, 2])), unknown: .fallback), answer { $0.unknownIDs = [1] },
            refuses: [
                ("popular rows for a basket known in part", { $0.outcomes[0].isFallback = true }),
                ("nothing known", { $0.unknownIDs = [2] }), ("more than members", { $0.unknownIDs = [3] }),
            ])
        expect(
            request(.vectors(elements: [1, 2], count: 1), unknown: .skip), known,
            refuses: [("an unknown id of a vector", { $0.unknownIDs = [1] })])
    }

    @Test func reasons() {
        let wants: (inout RecommendRules) -> Void = { $0.wantsBecause = true }
        expect(
            request(.items(.numbers([7])), wants), answer { $0.because = because([7, 7, 7]) },
            refuses: [
                ("none", { $0.because = nil }), ("another item", { $0.because = because([7, 7, 8]) }),
                ("some rows", { $0.because = because([7, 7], [true, false, true]) }),
                ("no rows", { $0.because = because([], [false, false, false]) }),
            ])
        for queries in [QueryBatch.baskets(members([7, 8])), .foldIns(members([7, 8]))] {
            expect(
                request(queries, wants), answer { $0.because = because([8, 7, 8]) },
                refuses: [("no member", { $0.because = because([8, 9, 8]) })])
        }
        let blend = Blends(users: members([5]), items: members([7]), vectors: nil)!
        expect(
            request(.blends(blend), wants), answer { $0.because = because([7, 7, 7]) },
            refuses: [("a user", { $0.because = because([7, 5, 7]) })])
        let seen = request(.users(.numbers([1]))) {
            $0.wantsBecause = true
            $0.excludesSeen = true
        }
        expect(
            seen, answer { $0.because = because([7, 8, 7]) },
            refuses: [("a result that was seen", { $0.because = because([7, 101, 7]) })])
        #expect(throws: Never.self) {
            try check(seen, answer { $0.because = because([], [false, false, false]) })
        }
        let popular = request(.users(.numbers([1])), unknown: .fallback, wants)
        let none = answer {
            $0.unknownIDs = [1]
            $0.outcomes[0].isFallback = true
            $0.because = because([], [false, false, false])
        }
        expect(popular, none, refuses: [("popular rows", { $0.because = because([7, 7, 7]) })])
    }

    @Test func rowsOnceInARequest() {
        let distinct = request(.users(.numbers([1, 2]))) { $0.isDistinct = true }
        expect(
            distinct, answer(queries: 2) { $0.rowsTaken = [0, 3] },
            refuses: [
                ("no counts", { $0.rowsTaken = nil }), ("of the first query", { $0.rowsTaken = [1, 3] }),
                ("more than were returned", { $0.rowsTaken = [0, 4] }),
                ("2^64 - 1", { $0.rowsTaken = [0, .max] }),
                ("a row of two queries", { $0.ids = .numbers([101, 102, 103, 104, 102, 106]) }),
            ])
    }

    @Test func pagesAndOrders() {
        expect(
            request(.users(.numbers([1]))) { $0.offset = 17 }, answer(),
            refuses: [
                ("fewer rows behind the offset", { $0.outcomes[0].rowsEligible = 19 }),
                ("none behind it", { $0.outcomes[0].rowsEligible = 17 }),
                ("eligible rows below the offset", { $0.outcomes[0].rowsEligible = 1 }),
                (
                    "2^64 - 1 eligible rows, and too few",
                    {
                        $0.outcomes[0].rowsEligible = .max
                        ($0.ids, $0.scores, $0.offsets) = (.numbers([101, 102]), [0.9, 0.8], [0, 2])
                    }
                ),
            ])
        #expect(throws: KindredError.self) {
            try check(request(.users(.numbers([1]))) { $0.offset = .max }, answer())
        }
        expect(
            request(.users(.numbers([1]))) { $0.diversity = Diversity(weight: 0.5) },
            answer { $0.scores = [0.9, 0.7, 0.8] },
            refuses: [
                ("a start that is not the best", { $0.scores = [0.8, 0.9, 0.7] }),
                ("a score that is no number", { $0.scores[1] = .nan }),
                (
                    "fewer than eligible",
                    { ($0.ids, $0.scores, $0.offsets) = (.numbers([101]), [0.9], [0, 1]) }
                ),
            ])
        // Caps may leave fewer.
        #expect(throws: Never.self) {
            try check(
                request(.users(.numbers([1]))) { $0.caps = [GroupCap("brand", atMost: 1)] },
                answer { ($0.ids, $0.scores, $0.offsets) = (.numbers([101]), [0.9], [0, 1]) })
        }
    }

    @Test func countsOfFilters() throws {
        let asked = FilterRequest(model: ModelName("m"), version: 4, side: .items, filter: Filter("1"))
        let truth = FilterResponse(
            model: ModelName("m")!, version: 4, rowCount: 10, rowsPassing: 10, evaluateMicroseconds: 7,
            isKept: false)
        try ReplyCheck.check(.filter(truth), answers: .filter(asked))
        let lies: [(inout FilterResponse) -> Void] = [
            { $0.rowsPassing = 11 }, { $0.rowsPassing = .max }, { $0.version = 5 }, { $0.version = 0 },
            { $0.model = ModelName("other")! }, { $0.isKept = true },
        ]
        for change in lies {
            var lie = truth
            change(&lie)
            #expect(throws: KindredError.self) { try ReplyCheck.check(.filter(lie), answers: .filter(asked)) }
        }
    }
}
