import KindredDomain
import KindredWire
import Testing

/// The vectors of `proto-spec`, which every implementation of the protocol must pass.
@Suite struct GoldenVectorTests {
    @Test func vectorsExist() {
        #expect(GoldenVector.valid.count > 100)
        #expect(GoldenVector.invalid.count > 100)
    }

    @Test(arguments: GoldenVector.valid)
    func validFrameRoundTrips(_ vector: GoldenVector) throws {
        switch (vector.kind, vector.direction) {
        case ("preface", "client"): try checkClientPreface(vector)
        case ("preface", _): try checkServerPreface(vector)
        case (_, "client"): try checkClientFrame(vector)
        default: try checkServerFrame(vector)
        }
    }

    private func checkClientPreface(_ vector: GoldenVector) throws {
        let preface = try ClientPreface(decoding: vector.bytes.span.bytes)
        #expect(vector.decoded?["major_min"]?.number == UInt64(preface.majorMin))
        #expect(vector.decoded?["major_max"]?.number == UInt64(preface.majorMax))
        var writer = ByteWriter()
        preface.encode(into: &writer)
        #expect(writer.bytes == vector.bytes)
    }

    private func checkServerPreface(_ vector: GoldenVector) throws {
        let preface = try ServerPreface(decoding: vector.bytes.span.bytes)
        #expect(vector.decoded?["chosen_major"]?.number == UInt64(preface.chosenMajor))
        #expect(vector.decoded?["refusal"]?.number == UInt64(preface.refusalCode))
        #expect(vector.decoded?["retry_after_ms"]?.number == UInt64(preface.retryAfterMilliseconds))
        var writer = ByteWriter()
        preface.encode(into: &writer)
        #expect(writer.bytes == vector.bytes)
    }

    private func checkClientFrame(_ vector: GoldenVector) throws {
        let header = try vector.header()
        let message = try ClientMessage.decode(
            type: header.type, body: vector.body.span.bytes, limits: .standard)
        #expect(message.type.rawValue == header.type)
        check(Projection(message), vector)
        var writer = ByteWriter()
        message.encode(
            requestID: header.requestID, timeoutMilliseconds: header.argument, end: header.isEnd,
            into: &writer)
        // A model name that the message ignores is not decoded, so it is not written.
        if vector.isCanonical, !ignoresModel(vector) { #expect(writer.bytes == vector.bytes) }
        // Compared as bytes, since a NaN does not equal itself.
        let again = try ClientMessage.decode(
            type: header.type, body: Array(writer.bytes.dropFirst(32)).span.bytes, limits: .standard)
        var second = ByteWriter()
        again.encode(
            requestID: header.requestID, timeoutMilliseconds: header.argument, end: header.isEnd,
            into: &second)
        #expect(second.bytes == writer.bytes)
    }

    private func checkServerFrame(_ vector: GoldenVector) throws {
        let header = try vector.header()
        let reply = try ServerReply.decode(header: header, body: vector.body.span.bytes)
        check(Projection(reply), vector)
        if case .failure(let error) = reply {
            #expect(error.status == header.status)
            #expect(vector.kind == "error")
        }
        let isDownward =
            header.type == MessageType.data.rawValue || header.type == MessageType.goAway.rawValue
        guard vector.isCanonical, header.isEnd || isDownward, let message = ServerMessage(reply) else {
            return
        }
        var writer = ByteWriter()
        try message.encode(
            replyTo: header.type & 0x7F, requestID: header.requestID, bodyBytesMax: 4 << 20, into: &writer)
        #expect(writer.bytes == vector.bytes)
    }

    private func check(_ projection: Projection, _ vector: GoldenVector) {
        var fixed = vector.decoded?["fixed"]?.object ?? [:]
        var sections = vector.decoded?["sections"]?.object ?? [:]
        var found = projection
        let length = fixed.removeValue(forKey: "fixed_len")?.number ?? 0
        // A field beyond a shorter fixed part has its default.
        for (name, value) in projection.fixed where Self.offsets(vector)[name].map({ $0 >= length }) ?? false
        {
            #expect(value == Self.limits[name])
            found.fixed[name] = nil
        }
        if ignoresModel(vector) { sections["model"] = nil }
        // An absent list of seeds is read as an empty one, and absent numbers as 0.
        if vector.message == "DATA", sections["ids"] == nil {
            #expect(found.sections.removeValue(forKey: "ids") == Projection.ids(.empty))
        }
        for name in ["values", "limits"] where sections[name] == nil {
            let numbers = found.sections.removeValue(forKey: name)?.list ?? []
            #expect(numbers.allSatisfy { $0.number == 0 })
        }
        // Empty lists of parameters are read as absent ones.
        for name in ["parameter_names", "parameter_types", "parameter_numbers"]
        where found.sections[name] == nil && sections[name]?.list?.isEmpty == true {
            sections[name] = nil
        }
        #expect(found.fixed == fixed)
        #expect(found.sections == sections)
    }

    /// True where the vector has a common section that its message ignores.
    private func ignoresModel(_ vector: GoldenVector) -> Bool {
        let uses = Self.schema?["sections_common"]?.list?.first?["used_by"]?.list ?? []
        return vector.kind == "request" && vector.decoded?["sections"]?["model"] != nil
            && !uses.contains(.text(vector.message))
    }

    private static let schema = try? JSONValue.read("schema.json")
    private static let limits = schema?["limits"]?.object ?? [:]

    /// The offsets of the fields in a vector's fixed part.
    private static func offsets(_ vector: GoldenVector) -> [String: UInt64] {
        let fields = schema?["messages"]?[vector.message]?[vector.kind]?["fixed"]?.list ?? []
        var offsets: [String: UInt64] = [:]
        for field in fields {
            if let name = field["name"]?.text { offsets[name] = field["offset"]?.number }
        }
        return offsets
    }

    /// A reply of two frames. Both make one answer; the second alone is an error.
    @Test(arguments: GoldenVector.valid.filter { $0.follows != nil })
    func secondFrameContinuesItsReply(_ vector: GoldenVector) throws {
        let first = try #require(GoldenVector.valid.first { $0.name == vector.follows })
        let parts = try [first, vector].map {
            try ServerReply.decode(header: $0.header(), body: $0.body.span.bytes)
        }
        let asked = try #require(expectation(of: parts))
        var assembler = ReplyAssembler(expecting: asked)
        #expect(try assembler.append(parts[0], isEnd: first.header().isEnd) == nil)
        let whole = try #require(try assembler.append(parts[1], isEnd: vector.header().isEnd))
        #expect(resultCount(of: whole) == parts.map(resultCount(of:)).reduce(0, +))
        var alone = ReplyAssembler(expecting: asked)
        #expect(throws: RequestFailure.self) { try alone.append(parts[1], isEnd: true) }
    }

    /// The expectation of a request whose whole answer is `parts`.
    private func expectation(of parts: [ServerReply]) -> ReplyAssembler.Expectation? {
        var queries = 0
        var results = 0
        var expectation: ReplyAssembler.Expectation?
        for part in parts {
            switch part {
            case .recommend(let reply):
                queries += reply.outcomes.count
                results += reply.ids.count
                expectation = .recommend(queries: queries, resultsPerQueryMax: results)
            case .score(let reply):
                queries += reply.outcomes.count
                results += reply.scores.count
                expectation = .score(queries: queries, scores: results)
            case .vectors(let reply):
                queries += reply.found.count
                expectation = .vectors(ids: queries)
            default: return nil
            }
        }
        return expectation
    }

    /// Number of results of a part of an answer, or of the whole.
    private func resultCount(of reply: ServerReply) -> Int {
        switch reply {
        case .recommend(let reply): reply.ids.count
        case .score(let reply): reply.scores.count
        case .vectors(let reply): reply.elements.count
        default: 0
        }
    }

    /// The vectors that can be checked without a connection. The Python tests send the others, of the layers
    /// `connection` and `request`, to a server: `test_every_invalid_frame_gets_its_status`.
    private static let judgedAlone = GoldenVector.invalid.filter {
        $0.layer != "request" && ($0.layer != "connection" || $0.status == "UNSUPPORTED_TYPE")
    }

    @Test(arguments: judgedAlone)
    func invalidFrameHasItsStatus(_ vector: GoldenVector) throws {
        switch vector.layer {
        case "preface": try checkInvalidPreface(vector)
        case "header":
            let failure = #expect(throws: ConnectionFailure.self) {
                let limits = Limits.standard
                return try vector.header(
                    bodyBytesMax: vector.isFirst ? limits.bodyBytesBeforeHelloMax : limits.bodyBytesMax)
            }
            #expect(failure?.status.name == vector.status)
        case "body":
            let failure = try #require(try bodyFailure(vector))
            #expect(failure.status.name == vector.status)
            let reply = ErrorReply(failure)
            if let detail = vector.detail { #expect(detailName(reply.detail) == detail) }
            if let value = vector.value { #expect(reply.value == value) }
            if let limit = vector.limit { #expect(reply.limit == limit) }
        case "connection" where vector.status == "UNSUPPORTED_TYPE":
            let failure = try #require(try bodyFailure(vector))
            #expect(failure.status == .unsupportedType)
            #expect(ErrorReply(failure).value == vector.value)
        default: Issue.record("\(vector.name): nobody judges the layer '\(vector.layer)'")
        }
    }

    private func checkInvalidPreface(_ vector: GoldenVector) throws {
        guard vector.refusal == nil else {
            #expect(try ClientPreface(decoding: vector.bytes.span.bytes).chosenMajor == nil)
            return
        }
        let failure = #expect(throws: ConnectionFailure.self) {
            try ClientPreface(decoding: vector.bytes.span.bytes)
        }
        #expect(failure?.status.name == vector.status)
    }

    private static let details = schema?["details"]?.object ?? [:]

    private func bodyFailure(_ vector: GoldenVector) throws -> RequestFailure? {
        let header = try vector.header()
        do throws(RequestFailure) {
            if vector.direction == "client" {
                _ = try ClientMessage.decode(
                    type: header.type, body: vector.body.span.bytes, limits: .standard)
            } else {
                _ = try ServerReply.decode(header: header, body: vector.body.span.bytes)
            }
            return nil
        } catch {
            return error
        }
    }

    private func detailName(_ number: UInt16) -> String? {
        Self.details.first { $0.value["code"]?.number == UInt64(number) }?.key
    }
}
