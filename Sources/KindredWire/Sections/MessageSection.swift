import KindredDomain

/// The one section of a body that says why something was not done: a sentence for people, left out where it is empty.
enum MessageSection {
    private static let tag: UInt16 = 64

    /// Checks the body of a reply of at least `fixedLengthMin` fixed bytes and returns its sentence.
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

    /// As much of a sentence as is sent, and as much as is believed.
    static func cut(_ message: String) -> String {
        message.prefix(bytes: Int(Limits.standard.messageBytesMax))
    }
}

extension String {
    /// The longest beginning of at most `count` UTF-8 bytes that ends between two scalars.
    func prefix(bytes count: Int) -> String {
        guard utf8.count > count else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: count)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
