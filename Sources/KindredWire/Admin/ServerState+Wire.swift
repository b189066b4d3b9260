import KindredDomain

extension StatsResponse {
    private static let fixedLength = 8
    private enum Tag {
        static let names: UInt16 = 64
        static let values: UInt16 = 66
    }

    init(decoding body: RawSpan) throws(RequestFailure) {
        var sections = try SectionReader(body, fixedLengthMin: Self.fixedLength)
        var names = TextSections(tag: Tag.names)
        var values: Section?
        while let section = try sections.next(in: body) {
            switch section.tag {
            case Tag.names...Tag.names + 1: names.take(section, &sections)
            case Tag.values: values = sections.keep(section, as: .u64)
            default: try section.skip()
            }
        }
        guard let values else { throw .malformedBody(.missingSection(Tag.values)) }
        let numbers = values.elements(of: UInt64.self, in: body)
        self.init(names: try names.required(count: numbers.count, in: body).strings, values: numbers)
    }

    func encode(into writer: inout ByteWriter) {
        _ = writer.beginBody(fixedLength: Self.fixedLength)
        writer.appendTexts(TextList(names), tag: Tag.names)
        writer.appendSection(values, tag: Tag.values)
    }
}

extension HealthResponse {
    private static let fixedLength = 8

    init(decoding body: RawSpan) throws(RequestFailure) {
        try EmptyBody.check(body, fixedLengthMin: Self.fixedLength)
        // A newer server's state is read as one in which it does not serve.
        let state = State(rawValue: body.integer(at: 2, as: UInt8.self)) ?? .notReady
        self.init(state: state, modelsReady: body.integer(at: 4, as: UInt32.self))
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        writer.store(state.rawValue, at: fixed + 2)
        writer.store(modelsReady, at: fixed + 4)
    }
}
