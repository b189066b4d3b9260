import KindredClient
import KindredDomain
import KindredWire
import TestSupport
import Testing

/// Checks of whole answers against their requests, without a connection.
@Suite struct ReplyCheckTests {
    private struct Batch {
        var request: RecommendRequest
        var response: RecommendResponse

        func check() throws {
            var writer = ByteWriter()
            try ServerMessage.recommend(response).encode(
                replyTo: 0x10, requestID: 2, bodyBytesMax: 4 << 20, into: &writer)
            let header = try FrameHeader(decoding: writer.bytes.span.bytes, bodyBytesMax: 4 << 20)
            let bytes = writer.bytes
            let reply = try ServerReply.decode(
                header: header, body: bytes.span.bytes.extracting(FrameHeader.byteCount..<bytes.count))
            try ReplyCheck.check(reply, answers: .recommend(request))
        }
    }

    /// An honest answer. Id i of 0 ..< 60 scores 1 - i / 100; each query has its lists.
    private func batch(queries: Int, isText: Bool, isShared: Bool, random: inout SeededGenerator) -> Batch {
        func list(_ numbers: [UInt64]) -> IDList {
            isText ? .text(TextList(numbers.map { String($0) })) : .numbers(numbers)
        }
        func lists(_ all: [[UInt64]]) -> RaggedIDs? {
            if isShared { return RaggedIDs(shared: list(all[0])) }
            var offsets: [UInt32] = [0]
            for one in all { offsets.append(offsets[offsets.count - 1] + UInt32(one.count)) }
            return RaggedIDs(ids: list(all.flatMap { $0 }), offsets: offsets)
        }
        var excluded: [[UInt64]] = []
        var candidates: [[UInt64]] = []
        for query in 0..<queries {
            let isFirst = query == 0 || !isShared
            excluded.append(isFirst ? (0..<20).map { _ in .random(in: 0..<60, using: &random) } : excluded[0])
            candidates.append(
                isFirst ? (0..<40).map { _ in .random(in: 0..<60, using: &random) } : candidates[0])
        }
        let items = (0..<queries).map { _ in UInt64.random(in: 0..<60, using: &random) }
        // The request has texts that are plain decimals, the answer has numbers.
        var request = RecommendRequest(
            scope: QueryScope(queries: .items(list(items)), target: .items), k: 8)
        request.exclusions = lists(excluded)
        request.candidates = lists(candidates)
        var response = RecommendResponse(
            origin: AnswerOrigin(model: ModelName("m")!, version: 1), outcomes: [], offsets: [0], ids: .empty,
            scores: [], columns: [])
        var ids: [UInt64] = []
        for query in 0..<queries {
            let eligible = Set(candidates[query]).subtracting(excluded[query]).subtracting([items[query]])
            let best = eligible.sorted().prefix(8)
            ids += best
            response.scores += best.map { 1 - Float($0) / 100 }
            response.offsets.append(UInt32(ids.count))
            response.outcomes.append(QueryOutcome(rowsEligible: UInt64(eligible.count), rowsScanned: 60))
        }
        response.ids = .numbers(ids)
        return Batch(request: request, response: response)
    }

    @Test(arguments: [1, 2, 3, 20], [false, true])
    func honestAnswersPassAndChangedOnesFail(queries: Int, isText: Bool) throws {
        var random = SeededGenerator.announced()
        let seed = random.seed
        for isShared in [true, false] {
            let truth = batch(queries: queries, isText: isText, isShared: isShared, random: &random)
            #expect(throws: Never.self, "seed \(seed)") { try truth.check() }
            guard case .numbers(let ids) = truth.response.ids else { return }
            // Any other id in this place is excluded, no candidate, a member, a repetition or out of order, or its
            // score is wrong.
            for place in ids.indices {
                for other in UInt64(0)..<60 where other != ids[place] {
                    // In debug, a sixth of them.
                    guard isOptimised || Int.random(in: 0..<6, using: &random) == 0 else { continue }
                    let query = truth.response.offsets.lastIndex { Int($0) <= place } ?? 0
                    let range = truth.response.offsets[query]..<truth.response.offsets[query + 1]
                    guard
                        isForbidden(other, query, truth)
                            || ids[Int(range.lowerBound)..<Int(range.upperBound)].contains(other)
                    else { continue }
                    var lie = truth
                    var changed = ids
                    changed[place] = other
                    lie.response.ids = .numbers(changed)
                    #expect(throws: KindredError.self, "seed \(seed), \(other) for \(ids[place])") {
                        try lie.check()
                    }
                }
            }
        }
    }

    /// A model without an active version is told to follow the newest: none is active, none is pinned.
    @Test func activatingTheLatestOfAModelWithoutVersions() throws {
        let latest = ModelSwitchRequest(model: ModelName("m")!, goal: .latest)
        for active in [UInt64(0), 3] {
            let versions = ModelSwitchResponse(active: active, previous: 0, pinned: 0)
            try ReplyCheck.check(.modelSwitch(versions), answers: .modelSwitch(latest))
        }
        #expect(throws: KindredError.self) {
            try ReplyCheck.check(
                .modelSwitch(ModelSwitchResponse(active: 3, previous: 0, pinned: 3)),
                answers: .modelSwitch(latest))
        }
    }

    private func isForbidden(_ id: UInt64, _ query: Int, _ batch: Batch) -> Bool {
        func has(_ list: IDList, _ range: Range<Int>) -> Bool {
            range.contains { list[$0].description == String(id) }
        }
        guard case .items(let items) = batch.request.scope.queries, let excluded = batch.request.exclusions,
            let candidates = batch.request.candidates
        else { return false }
        return has(items, query..<query + 1) || has(excluded.ids, excluded.range(ofQuery: query))
            || !has(candidates.ids, candidates.range(ofQuery: query))
    }
}
