import KindredDomain

/// Bodies that say nothing beyond their type, and the walk over bodies whose sections are all unknown.
enum EmptyBody {
    static let fixedLength = 8

    /// Checks a body of at least `fixedLengthMin` fixed bytes none of whose sections is known.
    static func check(_ body: RawSpan, fixedLengthMin: Int = fixedLength) throws(RequestFailure) {
        var sections = try SectionReader(body, fixedLengthMin: fixedLengthMin)
        while let section = try sections.next(in: body) { try section.skip() }
    }

    /// The same for a request, which may name a model.
    static func check(request body: RawSpan, fixedLengthMin: Int = fixedLength) throws(RequestFailure) {
        _ = try model(ofRequest: body, fixedLengthMin: fixedLengthMin)
    }

    /// The model that a request names which has no sections of its own.
    static func model(ofRequest body: RawSpan, fixedLengthMin: Int) throws(RequestFailure) -> ModelName? {
        var sections = try SectionReader(request: body, fixedLengthMin: fixedLengthMin)
        while let section = try sections.next(in: body) { try section.skip() }
        return try sections.modelName()
    }

    static func encode(into writer: inout ByteWriter) {
        _ = writer.beginBody(fixedLength: fixedLength)
    }
}
