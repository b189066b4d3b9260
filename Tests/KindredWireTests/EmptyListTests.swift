import KindredDomain
import KindredWire
import Testing

/// An empty list of ids is written as numbers, whatever its kind.
@Suite struct EmptyListTests {
    /// The tags of the sections of each frame of a reply, in order.
    private func tags(_ message: ServerMessage, bodyBytesMax: UInt32 = 1 << 20) throws -> [[UInt16]] {
        var writer = ByteWriter()
        try message.encode(
            replyTo: MessageType.recommend.rawValue, requestID: 9, bodyBytesMax: bodyBytesMax, into: &writer)
        var frames: [[UInt16]] = []
        var bytes = writer.bytes[...]
        while !bytes.isEmpty {
            let header = try FrameHeader(decoding: Array(bytes).span.bytes, bodyBytesMax: .max)
            let end = bytes.startIndex + FrameHeader.byteCount + Int(header.bodyLength)
            frames.append(tags(ofBody: Array(bytes[(bytes.startIndex + FrameHeader.byteCount)..<end])))
            bytes = bytes[end...]
        }
        return frames
    }

    private func tags(ofBody body: [UInt8]) -> [UInt16] {
        var tags: [UInt16] = []
        var offset = Int(body[0]) | Int(body[1]) << 8
        while offset < body.count {
            tags.append(UInt16(body[offset]) | UInt16(body[offset + 1]) << 8)
            let length = Int(body[offset + 4]) | Int(body[offset + 5]) << 8 | Int(body[offset + 6]) << 16
            offset += 8 + (length + 7) / 8 * 8
        }
        return tags
    }

    private func response(_ ids: [[String]]) -> RecommendResponse {
        var offsets: [UInt32] = [0]
        for list in ids { offsets.append(offsets[offsets.count - 1] + UInt32(list.count)) }
        let all = ids.flatMap { $0 }
        return RecommendResponse(
            origin: AnswerOrigin(model: ModelName("m")!, version: 1),
            outcomes: ids.map { _ in QueryOutcome(rowsEligible: 5, rowsScanned: 5) }, offsets: offsets,
            ids: .text(TextList(all)), scores: all.map { _ in 1 }, columns: [])
    }

    @Test func repliesWithoutResults() throws {
        #expect(try tags(.recommend(response([[]]))) == [[64, 66, 68, 72, 73, 74, 75, 76]])
        #expect(try tags(.recommend(response([["a"]]))) == [[64, 66, 69, 70, 72, 73, 74, 75, 76]])
    }

    /// A reply in several frames, some of whose queries have no results. Each body has the computed length.
    @Test func framesWithoutResults() throws {
        let long = String(repeating: "x", count: 250)
        let queries = [[long], [], [], [], [long]]
        let whole = response(queries)
        var longest = 0
        for limit in stride(from: UInt32(400), through: 1_200, by: 8) {
            let frames: [[UInt16]]
            do throws(RequestFailure) {
                var writer = ByteWriter()
                try ServerMessage.recommend(whole).encode(
                    replyTo: MessageType.recommend.rawValue, requestID: 9, bodyBytesMax: limit, into: &writer)
            } catch { continue }
            frames = try tags(.recommend(whole), bodyBytesMax: limit)
            longest = max(longest, frames.count)
            for tags in frames { #expect(tags.contains(68) != tags.contains(69)) }
            #expect(frames[0].contains(69))
        }
        #expect(longest > 1)
    }

    @Test func requestsWithEmptyLists() throws {
        var request = RecommendRequest(
            scope: QueryScope(queries: .users(.numbers([1])), target: .items), k: 1)
        request.exclusions = RaggedIDs(shared: .text(TextList()))
        var writer = ByteWriter()
        ClientMessage.recommend(request).encodeBody(into: &writer)
        #expect(tags(ofBody: writer.bytes) == [64, 80])
        let again = try ClientMessage.decode(
            type: MessageType.recommend.rawValue, body: writer.bytes.span.bytes, limits: .standard)
        guard case .recommend(let decoded) = again else {
            Issue.record("\(again)")
            return
        }
        #expect(decoded.exclusions?.ids.isEmpty == true)
    }
}
