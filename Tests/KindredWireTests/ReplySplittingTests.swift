import KindredDomain
import KindredWire
import TestSupport
import Testing

/// Answers that take several frames: split, joined, refused.
@Suite struct ReplySplittingTests {
    /// Decodes the frames of some bytes.
    private func replies(_ bytes: [UInt8]) throws -> [(header: FrameHeader, reply: ServerReply)] {
        var replies: [(FrameHeader, ServerReply)] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let header = try FrameHeader(decoding: Array(rest.prefix(32)).span.bytes, bodyBytesMax: .max)
            let body = Array(rest.dropFirst(32).prefix(Int(header.bodyLength)))
            replies.append((header, try ServerReply.decode(header: header, body: body.span.bytes)))
            rest = rest.dropFirst(32 + body.count)
        }
        return replies
    }

    private func response(
        queries: Int, k: Int, isText: Bool, failing: Int?, random: inout SeededGenerator
    ) -> RecommendResponse {
        var offsets: [UInt32] = [0]
        var outcomes: [QueryOutcome] = []
        var ids: [ExternalID] = []
        for query in 0..<queries {
            if query == failing {
                outcomes.append(QueryOutcome(failure: .unknownID("nobody", .users)))
            } else {
                outcomes.append(QueryOutcome(rowsEligible: 100, rowsScanned: UInt64(query)))
                for _ in 0..<Int.random(in: 0...k, using: &random) {
                    let number = UInt64.random(in: 0..<1_000_000, using: &random)
                    ids.append(isText ? ExternalID("item-\(number)") : .number(number))
                }
            }
            offsets.append(UInt32(ids.count))
        }
        let scores = ids.map { _ in Float.random(in: -1...1, using: &random) }
        let columns = [
            ResultColumn(
                name: "price", values: .reals(ids.indices.map { Double($0) }), present: ids.map { _ in true }),
            ResultColumn(
                name: "name", values: .text(TextList(ids.map { "\($0) ü" })),
                present: ids.indices.map { $0 % 3 != 0 }),
        ]
        return RecommendResponse(
            origin: AnswerOrigin(model: ModelName("shop")!, version: 3), outcomes: outcomes, offsets: offsets,
            ids: IDList(ids), scores: scores, columns: columns)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func splitAnswersJoinToTheWhole(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for isText in [false, true] {
            for failing in [nil, 5] {
                let response = response(queries: 40, k: 9, isText: isText, failing: failing, random: &random)
                let whole = try join(
                    .recommend(response), .recommend(queries: 40, resultsPerQueryMax: 9), 4 << 20)
                for bodyBytesMax: UInt32 in [1_000, 1_504, 4_096, 10_000] {
                    let message = ServerMessage.recommend(response)
                    let joined = try join(
                        message, .recommend(queries: 40, resultsPerQueryMax: 9), bodyBytesMax)
                    #expect(joined.reply == whole.reply, "seed \(seed)")
                    if bodyBytesMax < 2_000 { #expect(joined.frames > 1) }
                }
                guard case .recommend(let reply) = whole.reply else {
                    Issue.record("\(whole.reply)")
                    return
                }
                #expect(whole.frames == 1)
                #expect(reply.ids == response.ids || response.ids.isEmpty)
                #expect(reply.scores == response.scores)
                #expect(reply.offsets == response.offsets)
                #expect(reply.columns.map(\.present) == response.columns.map(\.present))
                if let failing {
                    #expect(reply.outcomes[failing].status == StatusCode.unknownID.rawValue)
                    #expect(reply.outcomes[failing].message.contains("nobody"))
                }
            }
        }
    }

    private func join(
        _ message: ServerMessage, _ expectation: ReplyAssembler.Expectation, _ bodyBytesMax: UInt32
    ) throws -> (reply: ServerReply?, frames: Int) {
        var writer = ByteWriter()
        try message.encode(replyTo: 0x10, requestID: 9, bodyBytesMax: bodyBytesMax, into: &writer)
        var assembler = ReplyAssembler(expecting: expectation)
        let parts = try replies(writer.bytes)
        var whole: ServerReply?
        for (index, part) in parts.enumerated() {
            #expect(part.header.bodyLength <= bodyBytesMax)
            #expect(part.header.isEnd == (index == parts.count - 1))
            whole = try assembler.append(part.reply, isEnd: part.header.isEnd)
        }
        return (whole, parts.count)
    }

    @Test func queryThatDoesNotFitIsRefusedAndWritesNothing() {
        var random = SeededGenerator(seed: 7)
        let response = response(queries: 3, k: 200, isText: true, failing: nil, random: &random)
        var writer = ByteWriter()
        let failure = #expect(throws: RequestFailure.self) {
            try ServerMessage.recommend(response)
                .encode(replyTo: 0x10, requestID: 1, bodyBytesMax: 256, into: &writer)
        }
        #expect(failure?.status == .limitExceeded)
        #expect(writer.byteCount == 0)
    }

    @Test func vectorsSplitBetweenIDs() throws {
        let found = (0..<100).map { $0 % 3 != 1 }
        let elements = (0..<found.count { $0 } * 8).map { Float($0) }
        let response = VectorsResponse(
            origin: AnswerOrigin(model: ModelName("m")!, version: 1), dimension: 8, found: found,
            elements: elements)
        var writer = ByteWriter()
        try ServerMessage.vectors(response).encode(
            replyTo: 0x12, requestID: 1, bodyBytesMax: 512, into: &writer)
        var assembler = ReplyAssembler(expecting: .vectors(ids: 100))
        var whole: ServerReply?
        for (header, reply) in try replies(writer.bytes) {
            whole = try assembler.append(reply, isEnd: header.isEnd)
        }
        guard case .vectors(let reply) = whole else {
            Issue.record("no answer: \(String(describing: whole))")
            return
        }
        #expect(reply.found == found)
        #expect(reply.elements == elements)
    }

    /// A reply that one body would hold takes several frames where it is large. A query stays in one frame.
    @Test func largeRepliesAreSplitBeforeABodyIsFull() throws {
        let found = Array(repeating: true, count: 200)
        let vectors = VectorsResponse(
            origin: AnswerOrigin(model: ModelName("m")!, version: 1), dimension: 4_096, found: found,
            elements: (0..<200 * 4_096).map { Float($0) })
        var writer = ByteWriter()
        try ServerMessage.vectors(vectors).encode(
            replyTo: 0x12, requestID: 1, bodyBytesMax: 4 << 20, into: &writer)
        let lengths = try replies(writer.bytes).map { Int($0.header.bodyLength) }
        #expect(lengths.count == 4 && lengths.allSatisfy { $0 <= Limits.replyFrameBytes }, "\(lengths)")

        let counts = [100_000, 10, 10, 100_000, 50_000]
        let offsets = counts.reduce(into: [UInt32(0)]) { $0.append($0[$0.count - 1] + UInt32($1)) }
        let ids = IDList.numbers((0..<UInt64(offsets[counts.count])).map { $0 })
        let response = RecommendResponse(
            origin: vectors.origin,
            outcomes: counts.map { _ in QueryOutcome(rowsEligible: 1_000_000, rowsScanned: 1_000_000) },
            offsets: offsets, ids: ids, scores: (0..<ids.count).map { Float(-$0) }, columns: [])
        let (reply, frameCount) = try join(
            .recommend(response), .recommend(queries: counts.count, resultsPerQueryMax: 100_000), 4 << 20)
        // The two small queries share a frame; each of the others fills one or does not fit beside its neighbour.
        #expect(frameCount == 4)
        guard case .recommend(let whole) = reply else {
            Issue.record("\(String(describing: reply))")
            return
        }
        #expect(whole.offsets == offsets && whole.ids == ids && whole.scores == response.scores)
    }

    @Test func partsOutOfOrderAreRefused() throws {
        var random = SeededGenerator(seed: 11)
        let response = response(queries: 20, k: 5, isText: false, failing: nil, random: &random)
        var writer = ByteWriter()
        try ServerMessage.recommend(response).encode(
            replyTo: 0x10, requestID: 1, bodyBytesMax: 1_000, into: &writer)
        let parts = try replies(writer.bytes)
        #expect(parts.count > 2)
        func failure(_ order: [Int], queries: Int = 20, k: Int = 5) -> RequestFailure? {
            var assembler = ReplyAssembler(expecting: .recommend(queries: queries, resultsPerQueryMax: k))
            do throws(RequestFailure) {
                for index in order {
                    _ = try assembler.append(parts[index].reply, isEnd: parts[index].header.isEnd)
                }
                return nil
            } catch {
                return error
            }
        }
        let order = Array(parts.indices)
        #expect(failure(order) == nil)
        #expect(failure([1]) != nil)
        #expect(failure([0, 0]) != nil)
        #expect(failure([0, 2]) != nil)
        #expect(failure(order, queries: 19) != nil)
        #expect(failure(order, queries: 21) != nil)
        #expect(failure(order, k: 1) != nil)
        #expect(failure([parts.count - 1]) != nil)
    }
}
