import KindredDomain

extension LookalikeSummary {
    private static let fixedLength = 88
    private enum Tag {
        static let model: UInt16 = 64
        static let unmatchedExamples: UInt16 = 66
    }

    init(decoding body: RawSpan) throws(RequestFailure) {
        var sections = try SectionReader(body, fixedLengthMin: Self.fixedLength)
        var name = NameSection()
        var examples = IDSections(tag: Tag.unmatchedExamples)
        while let section = try sections.next(in: body) {
            switch section.tag {
            case Tag.model: name.take(section, &sections)
            case Tag.unmatchedExamples...Tag.unmatchedExamples + 2: examples.take(section, &sections)
            default: try section.skip()
            }
        }
        let unmatched = try examples.ids(in: body, limits: .standard)
        let model = try name.required(Tag.model, in: body)
        var origin = AnswerOrigin(model: model, version: body.integer(at: 8, as: UInt64.self))
        origin.queueMicroseconds = body.integer(at: 72, as: UInt32.self)
        origin.computeMicroseconds = body.integer(at: 76, as: UInt32.self)
        self.init(origin: origin)
        checksum = body.integer(at: 4, as: UInt32.self)
        rows = body.integer(at: 16, as: UInt64.self)
        seedsReceived = body.integer(at: 24, as: UInt64.self)
        seedsMatched = body.integer(at: 32, as: UInt64.self)
        seedsDuplicate = body.integer(at: 40, as: UInt64.self)
        seedsUnmatched = body.integer(at: 48, as: UInt64.self)
        rowsEligible = body.integer(at: 56, as: UInt64.self)
        rowsScanned = body.integer(at: 64, as: UInt64.self)
        unmatchedExamples = unmatched ?? .empty
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        // Every audience is exact.
        writer.store(QueryFlags.exact.rawValue, at: fixed + 2)
        writer.store(checksum, at: fixed + 4)
        writer.store(origin.version, at: fixed + 8)
        writer.store(rows, at: fixed + 16)
        writer.store(seedsReceived, at: fixed + 24)
        writer.store(seedsMatched, at: fixed + 32)
        writer.store(seedsDuplicate, at: fixed + 40)
        writer.store(seedsUnmatched, at: fixed + 48)
        writer.store(rowsEligible, at: fixed + 56)
        writer.store(rowsScanned, at: fixed + 64)
        writer.store(origin.queueMicroseconds, at: fixed + 72)
        writer.store(origin.computeMicroseconds, at: fixed + 76)
        writer.appendString(origin.model.description, tag: Tag.model)
        if !unmatchedExamples.isEmpty { writer.appendIDs(unmatchedExamples, tag: Tag.unmatchedExamples) }
    }
}
