import KindredDomain
import KindredWire
import TestSupport
import Testing

/// Decoding any bytes returns a message or throws. It never traps.
@Suite struct HostileBytesTests {
    #if DEBUG
        static let mutationCount = 20_000
    #else
        static let mutationCount = 400_000
    #endif

    /// Frames that are small enough to test every truncation.
    private static let frames = GoldenVector.valid.filter { $0.kind != "preface" && $0.bytes.count < 2_000 }

    private func decode(_ header: FrameHeader, _ body: RawSpan, isFromClient: Bool) throws(RequestFailure) {
        if isFromClient {
            _ = try ClientMessage.decode(type: header.type, body: body, limits: .standard)
        } else {
            _ = try ServerReply.decode(header: header, body: body)
        }
    }

    @Test func everyTruncationOfEveryValidFrame() throws {
        for vector in Self.frames {
            let header = try vector.header()
            let body = vector.body
            for count in 0..<body.count {
                // A body that is cut between two sections may be valid: the missing sections may be optional.
                do throws(RequestFailure) {
                    try decode(
                        header, body.span.extracting(0..<count).bytes,
                        isFromClient: vector.direction == "client")
                    #expect(count % 8 == 0, "\(vector.name) cut to \(count) bytes")
                } catch {
                    #expect(error.status.rawValue >> 8 == 1, "\(vector.name) cut to \(count) bytes: \(error)")
                }
            }
        }
    }

    @Test func mutatedBodies() throws {
        var random = SeededGenerator.announced()
        let seed = random.seed
        var refused = 0
        for _ in 0..<Self.mutationCount {
            let vector = Self.frames[Int.random(in: 0..<Self.frames.count, using: &random)]
            let header = try vector.header()
            var body = vector.body
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&body, &random) }
            do throws(RequestFailure) {
                try decode(header, body.span.bytes, isFromClient: vector.direction == "client")
            } catch {
                refused += 1
                // Rendering must not trap either.
                #expect(ErrorReply(error).message.isEmpty == false, "seed \(seed)")
            }
        }
        #expect(refused > Self.mutationCount / 4, "seed \(seed)")
    }

    private func mutate(_ body: inout [UInt8], _ random: inout SeededGenerator) {
        guard !body.isEmpty else { return }
        let index = Int.random(in: 0..<body.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: body[index] = UInt8.random(in: .min ... .max, using: &random)
        case 1: body[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: body[index] = 0xFF
        case 3: body.removeSubrange(index...)
        case 4:
            // A length field of all ones.
            for offset in index..<min(index + 4, body.count) { body[offset] = 0xFF }
        default: body.append(contentsOf: body[index...].prefix(64))
        }
    }

    @Test func randomHeaders() {
        var random = SeededGenerator.announced()
        let seed = random.seed
        for _ in 0..<10_000 {
            let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            // One in 2^32 has the right checksum.
            #expect(throws: ConnectionFailure.self, "seed \(seed)") {
                try FrameHeader(decoding: bytes.span.bytes, bodyBytesMax: 4 << 20)
            }
        }
    }

    @Test func everyFlippedBitOfAHeaderIsFound() throws {
        let vector = try #require(Self.frames.first)
        for bit in 0..<256 {
            var bytes = vector.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: ConnectionFailure.self) {
                try FrameHeader(decoding: bytes.span.bytes, bodyBytesMax: 4 << 20)
            }
        }
    }

    @Test func foreignProtocolsAreNamed() {
        func name(_ bytes: [UInt8]) -> ForeignProtocol? { ForeignProtocol(firstBytes: bytes.span.bytes) }
        for method in ["GET / HTTP/1.1", "POST /", "HEAD /", "PUT /x", "OPTIONS *"] {
            #expect(name(Array(method.utf8)) == .http)
        }
        #expect(name([0x16, 0x03]) == .tls)
        #expect(name([0x16]) == nil)
        #expect(name(Array("GET".utf8)) == nil)
        #expect(name([]) == nil)
        #expect(name([0x89, 0x4B, 0x4E, 0x44]) == nil)
    }
}
