import KindredDomain

extension FilterResponse {
    private static let fixedLength = 48
    private static let modelTag: UInt16 = 64
    private static let keptFlag: UInt16 = 1

    init(decoding body: RawSpan) throws(RequestFailure) {
        var sections = try SectionReader(body, fixedLengthMin: Self.fixedLength)
        var name = NameSection()
        while let section = try sections.next(in: body) {
            switch section.tag {
            case Self.modelTag: name.take(section, &sections)
            default: try section.skip()
            }
        }
        let rowCount = body.integer(at: 16, as: UInt64.self)
        let rowsPassing = body.integer(at: 24, as: UInt64.self)
        self.init(
            model: try name.required(Self.modelTag, in: body), version: body.integer(at: 8, as: UInt64.self),
            rowCount: rowCount, rowsPassing: rowsPassing,
            evaluateMicroseconds: body.integer(at: 32, as: UInt32.self),
            isKept: body.integer(at: 2, as: UInt16.self) & Self.keptFlag != 0)
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        writer.store(isKept ? Self.keptFlag : 0, at: fixed + 2)
        writer.store(version, at: fixed + 8)
        writer.store(rowCount, at: fixed + 16)
        writer.store(rowsPassing, at: fixed + 24)
        writer.store(evaluateMicroseconds, at: fixed + 32)
        writer.appendString(model.description, tag: Self.modelTag)
    }
}
