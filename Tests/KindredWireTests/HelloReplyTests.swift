import KindredDomain
import KindredWire
import Testing

/// HELLO_OK between servers and clients of different ages.
@Suite struct HelloReplyTests {
    private static let reply: HelloReply = {
        var limits = Limits.standard
        limits.kMax = 7
        limits.timeoutMillisecondsDefault = 1
        limits.queueMillisecondsMax = 2
        limits.pendingQueriesMax = 3
        limits.streamsMax = 4
        limits.listedIDsPerRequestMax = 5
        limits.streamBytesHeldMax = 6
        return HelloReply(limits: limits, serverName: "kindred", defaultModel: ModelName("shop"))
    }()

    private func body() throws -> [UInt8] {
        var writer = ByteWriter()
        try ServerMessage.helloOK(Self.reply).encode(
            replyTo: MessageType.hello.rawValue, requestID: 1, bodyBytesMax: .max, into: &writer)
        return Array(writer.bytes.dropFirst(FrameHeader.byteCount))
    }

    private func decoded(_ body: [UInt8]) throws -> HelloReply {
        let header = FrameHeader(
            bodyLength: UInt32(body.count), type: MessageType.hello.rawValue | MessageType.replyBit,
            flags: .end, requestID: 1, argument: 0)
        guard case .helloOK(let reply) = try ServerReply.decode(header: header, body: body.span.bytes) else {
            throw RequestFailure.unsupportedType(header.type)
        }
        return reply
    }

    /// The body with a fixed part of another length: cut, or with unknown bytes at its end.
    private func body(fixedLength: Int) throws -> [UInt8] {
        let whole = try body()
        let known = Int(whole[0]) | Int(whole[1]) << 8
        var fixed = Array(whole[..<min(known, fixedLength)])
        fixed += [UInt8](repeating: 0xFF, count: fixedLength - fixed.count)
        (fixed[0], fixed[1]) = (UInt8(fixedLength & 0xFF), UInt8(fixedLength >> 8))
        return fixed + whole[known...]
    }

    @Test func everyAdvertisedLimitArrives() throws {
        #expect(try decoded(body()) == Self.reply)
    }

    /// An older server sends fewer limits: the others have their defaults, and the sections are still found.
    @Test func olderServersAreRead() throws {
        let standard = Limits.standard
        let oldest = try decoded(body(fixedLength: 120))
        #expect(oldest.serverName == "kindred")
        #expect(oldest.defaultModel == ModelName("shop"))
        #expect(oldest.limits.kMax == 7)
        #expect(oldest.limits.timeoutMillisecondsDefault == standard.timeoutMillisecondsDefault)
        #expect(oldest.limits.streamBytesHeldMax == standard.streamBytesHeldMax)
        let between = try decoded(body(fixedLength: 136)).limits
        #expect(between.timeoutMillisecondsDefault == 1)
        #expect(between.queueMillisecondsMax == 2)
        #expect(between.streamsMax == 4)
        #expect(between.listedIDsPerRequestMax == standard.listedIDsPerRequestMax)
        #expect(between.streamBytesHeldMax == standard.streamBytesHeldMax)
        #expect(throws: RequestFailure.malformedBody(.fixedLength(112))) {
            try decoded(body(fixedLength: 112))
        }
    }

    /// A newer server sends more limits: unknown ones are ignored.
    @Test func newerServersAreRead() throws {
        for length in [160, 1_024] { #expect(try decoded(body(fixedLength: length)) == Self.reply) }
    }
}
