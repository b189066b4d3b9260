import KindredDomain

/// Bodies that say nothing beyond their type, and the walk over bodies whose sections are all unknown.
enum EmptyBody {
    static let fixedLength = 8

    /// Checks a body of at least `fixedLengthMin` fixed bytes none of whose sections is known.
    static func check(_ body: RawSpan, fixedLengthMin: Int = fixedLength) throws(RequestFailure) {
        var sections = try SectionReader(body, fixedLengthMin: fixedLengthMin)
        while let section = try sections.next(in: body) { try section.skip() }
    }

    static func encode(into writer: inout ByteWriter) {
        _ = writer.beginBody(fixedLength: fixedLength)
    }
}
