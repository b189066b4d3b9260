import KindredDomain
import KindredWire
import Testing

/// Every limit that the decoder checks: one below, at the limit, one above.
@Suite struct LimitTests {
    private static let limits: Limits = {
        var limits = Limits.standard
        limits.queriesPerBatchMax = 4
        limits.kMax = 6
        limits.resultsPerRequestMax = 20
        limits.dimensionMax = 5
        limits.basketMembersMax = 3
        limits.excludedIDsMax = 7
        limits.candidatesMax = 9
        limits.listedIDsPerRequestMax = 30
        limits.columnsPerRequestMax = 2
        limits.vectorIDsMax = 8
        limits.windowBytesMax = 1_000
        limits.seedsMax = 11
        return limits
    }()

    private func failure(_ message: ClientMessage) -> RequestFailure? {
        var writer = ByteWriter()
        message.encodeBody(into: &writer)
        do throws(RequestFailure) {
            let decoded = try ClientMessage.decode(
                type: message.type.rawValue, body: writer.bytes.span.bytes, limits: Self.limits)
            #expect(decoded == message)
            return nil
        } catch {
            return error
        }
    }

    private func check(
        _ name: LimitName, limit: Int, _ make: (Int) -> ClientMessage,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(failure(make(limit - 1)) == nil, sourceLocation: sourceLocation)
        #expect(failure(make(limit)) == nil, sourceLocation: sourceLocation)
        let above = RequestFailure.limitExceeded(name, found: UInt64(limit + 1), limit: UInt64(limit))
        #expect(failure(make(limit + 1)) == above, sourceLocation: sourceLocation)
    }

    private func ids(_ count: Int) -> IDList { .numbers((0..<UInt64(count)).map { $0 }) }

    private func recommend(
        queries: Int = 1, k: UInt32 = 1, _ change: (inout RecommendRequest) -> Void = { _ in }
    ) -> ClientMessage {
        var request = RecommendRequest(
            scope: QueryScope(queries: .users(ids(queries)), target: .items), k: k)
        change(&request)
        return .recommend(request)
    }

    @Test func queriesAndResults() {
        check(.queriesPerBatch, limit: 4) { recommend(queries: $0) }
        check(.k, limit: 6) { recommend(k: UInt32($0)) }
        #expect(failure(recommend(queries: 4, k: 5)) == nil)
        #expect(
            failure(recommend(queries: 4, k: 6)) == .limitExceeded(.resultsPerRequest, found: 24, limit: 20))
        #expect(failure(recommend(k: 0)) == .invalidArgument(.kIsZero))
    }

    @Test func vectorsAndBaskets() throws {
        check(.dimension, limit: 5) { count in
            recommend { $0.scope.queries = .vectors(elements: [Float](repeating: 1, count: count), count: 1) }
        }
        check(.basketMembers, limit: 3) { count in
            recommend { request in
                guard let lists = RaggedIDs(ids: ids(count), offsets: [0, UInt32(count)]),
                    let baskets = Baskets(members: lists, weights: nil)
                else { return }
                request.scope.queries = .baskets(baskets)
            }
        }
    }

    @Test func lists() {
        check(.excludedIDs, limit: 7) { count in recommend { $0.exclusions = RaggedIDs(shared: ids(count)) } }
        check(.candidates, limit: 9) { count in recommend { $0.candidates = RaggedIDs(shared: ids(count)) } }
        // A shared list counts once for every query: 3 x 7 and 3 x 3 are 30.
        func shared(_ candidates: Int) -> ClientMessage {
            recommend(queries: 3) { request in
                request.exclusions = RaggedIDs(shared: ids(7))
                request.candidates = RaggedIDs(shared: ids(candidates))
            }
        }
        #expect(failure(shared(3)) == nil)
        #expect(failure(shared(4)) == .limitExceeded(.listedIDsPerRequest, found: 33, limit: 30))
        check(.vectorIDs, limit: 8) { .vectors(VectorsRequest(side: .items, ids: ids($0))) }
        check(.seeds, limit: 11) { count in
            var request = LookalikeRequest(size: .count(1))
            request.seeds = ids(count)
            return .lookalike(request)
        }
    }

    @Test func columns() {
        check(.columnsPerRequest, limit: 2) { count in
            recommend { $0.columns = (0..<count).map { "c\($0)" } }
        }
        check(.columnNameBytes, limit: Limits.columnNameBytesMax) { count in
            recommend { $0.columns = [String(repeating: "c", count: count)] }
        }
    }

    @Test func numbers() {
        func window(_ bytes: UInt64) -> ClientMessage {
            var request = LookalikeRequest(size: .count(1))
            request.windowBytes = bytes
            return .lookalike(request)
        }
        #expect(failure(window(999)) == nil)
        #expect(failure(window(1_000)) == nil)
        #expect(failure(window(1_001)) == .invalidArgument(.windowTooLarge(1_001)))

        func id(_ number: UInt64) -> ClientMessage {
            .vectors(VectorsRequest(side: .users, ids: .numbers([number])))
        }
        #expect(failure(id(Limits.numberIDMax - 1)) == nil)
        #expect(failure(id(Limits.numberIDMax)) == nil)
        #expect(failure(id(1 << 63)) == .invalidArgument(.numberIDTooLarge(1 << 63)))

        func text(_ count: Int) -> ClientMessage {
            .vectors(
                VectorsRequest(side: .users, ids: .text(TextList([String(repeating: "x", count: count)]))))
        }
        #expect(failure(text(0)) == .invalidArgument(.textIDLength(0)))
        #expect(failure(text(1)) == nil)
        #expect(failure(text(256)) == nil)
        #expect(failure(text(257)) == .invalidArgument(.textIDLength(257)))
    }

    @Test func names() throws {
        for count in [127, 128, 129] {
            var writer = ByteWriter()
            ClientMessage.hello(HelloRequest(clientName: String(repeating: "n", count: count)))
                .encodeBody(into: &writer)
            let decoded = try ClientMessage.decode(
                type: 1, body: writer.bytes.span.bytes, limits: Self.limits)
            guard case .hello(let request) = decoded else {
                Issue.record("\(decoded)")
                return
            }
            // A longer name is cut, not refused.
            #expect(request.clientName?.utf8.count == min(count, 128))
        }
    }
}
