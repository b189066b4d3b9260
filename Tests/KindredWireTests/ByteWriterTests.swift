import KindredDomain
import KindredWire
import Testing

@Suite struct ByteWriterTests {
    /// A request whose sections have payloads of every length modulo 8.
    private func message(_ length: Int) -> ClientMessage {
        let id = ExternalID.text(Array(repeating: UInt8(ascii: "a") + UInt8(length % 26), count: length))
        var request = RecommendRequest(
            scope: QueryScope(queries: .users(IDList([id, .text([UInt8(ascii: "z")])])), target: .items), k: 7
        )
        request.exclusions = RaggedIDs(shared: IDList(Array(repeating: id, count: length)))
        request.columns = ["price", String(repeating: "c", count: length % 31 + 1)]
        return .recommend(request)
    }

    /// Decoding checks every length, and that padding is zero.
    private func expectMessage(_ length: Int, in bytes: ArraySlice<UInt8>) throws {
        let frame = Array(bytes)
        let header = try FrameHeader(decoding: frame.span.bytes, bodyBytesMax: .max)
        #expect(FrameHeader.byteCount + Int(header.bodyLength) == frame.count)
        let body = Array(frame.dropFirst(FrameHeader.byteCount))
        let decoded = try ClientMessage.decode(type: header.type, body: body.span.bytes, limits: .standard)
        #expect(decoded == message(length), "length \(length)")
    }

    /// The writer begins without memory and grows inside frames of every length.
    @Test func framesOfEveryLengthAreWritten() throws {
        var writer = ByteWriter()
        var ends = [0]
        let lengths = Array(1...80) + [256]
        for length in lengths {
            _ = message(length).encode(requestID: 9, timeoutMilliseconds: 5, end: true, into: &writer)
            ends.append(writer.byteCount)
        }
        let bytes = writer.bytes
        #expect(bytes.count == writer.byteCount)
        for (index, length) in lengths.enumerated() {
            try expectMessage(length, in: bytes[ends[index]..<ends[index + 1]])
        }
    }

    @Test func bufferIsReusedAfterRemoveAll() throws {
        var writer = ByteWriter()
        #expect(writer.isEmpty && writer.bytes.isEmpty)
        for keptByteCount in [0, 64, 1 << 20] {
            for length in [200, 3] {
                _ = message(length).encode(requestID: 9, timeoutMilliseconds: 0, end: true, into: &writer)
                try expectMessage(length, in: writer.bytes[...])
                writer.removeAll(keepingCapacityUpTo: keptByteCount)
                #expect(writer.isEmpty && writer.bytes.isEmpty)
            }
        }
    }

    @Test func tooLargeReplyLeavesTheBytesBefore() throws {
        var writer = ByteWriter()
        _ = message(5).encode(requestID: 9, timeoutMilliseconds: 0, end: true, into: &writer)
        let before = writer.bytes
        let names = (0..<200).map { "counter_\($0)" }
        #expect(throws: RequestFailure.self) {
            try ServerMessage.stats(StatsResponse(names: names, values: names.map { _ in 1 })).encode(
                replyTo: 1, requestID: 1, bodyBytesMax: 1_000, into: &writer)
        }
        #expect(writer.bytes == before)
        _ = message(6).encode(requestID: 9, timeoutMilliseconds: 0, end: true, into: &writer)
        try expectMessage(6, in: writer.bytes.dropFirst(before.count))
    }

    @Test func headerInAWriterAndInMemoryIsTheSame() throws {
        let header = FrameHeader(bodyLength: 64, type: 0x90, flags: .end, requestID: 1 << 40, argument: 77)
        var writer = ByteWriter()
        header.encode(into: &writer)
        let bytes = [UInt8](unsafeUninitializedCapacity: FrameHeader.byteCount) { buffer, count in
            buffer.update(repeating: 0xFF)
            header.write(to: UnsafeMutableRawPointer(buffer.baseAddress!))
            count = FrameHeader.byteCount
        }
        #expect(writer.bytes == bytes)
        #expect(try FrameHeader(decoding: bytes.span.bytes, bodyBytesMax: 64) == header)
    }
}
