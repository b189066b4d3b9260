import KindredDomain

/// Bodies without content, and the check of bodies without known sections.
enum EmptyBody {
    static let fixedLength = 8

    /// Checks a body that has at least `fixedLengthMin` fixed bytes and no known sections.
    static func check(_ body: RawSpan, fixedLengthMin: Int = fixedLength) throws(RequestFailure) {
        var sections = try SectionReader(body, fixedLengthMin: fixedLengthMin)
        while let section = try sections.next(in: body) { try section.skip() }
    }

    /// The same for a request, which may name a model.
    static func check(request body: RawSpan, fixedLengthMin: Int = fixedLength) throws(RequestFailure) {
        _ = try model(ofRequest: body, fixedLengthMin: fixedLengthMin)
    }

    /// The model that a request without sections of its own names.
    static func model(ofRequest body: RawSpan, fixedLengthMin: Int) throws(RequestFailure) -> ModelName? {
        var sections = try SectionReader(request: body, fixedLengthMin: fixedLengthMin)
        while let section = try sections.next(in: body) { try section.skip() }
        return try sections.modelName()
    }

    static func encode(into writer: inout ByteWriter) {
        _ = writer.beginBody(fixedLength: fixedLength)
    }
}

/// The bodies of PING, PONG and WINDOW: one u64 at offset 8.
enum NumberBody {
    private static let fixedLength = 16

    static func decode(_ body: RawSpan) throws(RequestFailure) -> UInt64 {
        try EmptyBody.check(body, fixedLengthMin: fixedLength)
        return body.integer(at: 8, as: UInt64.self)
    }

    static func decode(request body: RawSpan) throws(RequestFailure) -> UInt64 {
        try EmptyBody.check(request: body, fixedLengthMin: fixedLength)
        return body.integer(at: 8, as: UInt64.self)
    }

    static func encode(_ value: UInt64, into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: fixedLength)
        writer.store(value, at: fixed + 8)
    }
}

/// The only section of ERROR and GOAWAY bodies: a sentence for people. Absent where it is empty.
enum MessageSection {
    private static let tag: UInt16 = 64

    /// Checks the body of a reply with at least `fixedLengthMin` fixed bytes and returns its sentence.
    static func decode(_ body: RawSpan, fixedLengthMin: Int) throws(RequestFailure) -> String {
        var sections = try SectionReader(body, fixedLengthMin: fixedLengthMin)
        return try decode(&sections, body)
    }

    /// The same for a frame without the reply bit.
    static func decode(request body: RawSpan, fixedLengthMin: Int) throws(RequestFailure) -> String {
        var sections = try SectionReader(request: body, fixedLengthMin: fixedLengthMin)
        let message = try decode(&sections, body)
        _ = try sections.modelName()
        return message
    }

    private static func decode(
        _ sections: inout SectionReader, _ body: RawSpan
    ) throws(RequestFailure) -> String {
        var text: Section?
        while let section = try sections.next(in: body) {
            switch section.tag {
            case tag: text = sections.keep(section, as: .utf8)
            default: try section.skip()
            }
        }
        return try cut(text?.string(in: body) ?? "")
    }

    static func append(_ message: String, into writer: inout ByteWriter) {
        if !message.isEmpty { writer.appendString(cut(message), tag: tag) }
    }

    /// The sentence, cut to the length that is sent and accepted.
    static func cut(_ message: String) -> String {
        message.prefix(bytes: Int(widening: Limits.standard.messageBytesMax))
    }
}

extension String {
    /// The longest prefix of at most `count` UTF-8 bytes that does not cut a scalar.
    func prefix(bytes count: Int) -> String {
        guard utf8.count > count else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: count)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
