import KindredDomain

/// The four sections of a column block.
struct ColumnSections {
    let tag: UInt16
    private var numbers: Section?
    private var texts: TextSections
    private var hasTexts = false
    private var bitmap: Section?

    init(tag: UInt16) {
        self.tag = tag
        texts = TextSections(tag: tag + 1)
    }

    /// Keeps a section whose tag is in `tag ... tag + 3`.
    mutating func take(_ section: Section, _ reader: inout SectionReader) {
        switch section.tag - tag {
        case 0: numbers = reader.keep(section, as: .i64, .f64)
        case 3: bitmap = reader.keep(section, as: .u8)
        default:
            texts.take(section, &reader)
            hasTexts = true
        }
    }

    /// The column of exactly `count` results.
    func column(count: Int, in body: RawSpan) throws(RequestFailure) -> ReplyColumn {
        guard let bitmap else { throw .malformedBody(.missingSection(tag + 3)) }
        return ReplyColumn(
            values: try values(count: count, in: body), present: try bitmap.bitmap(count: count, in: body))
    }

    private func values(count: Int, in body: RawSpan) throws(RequestFailure) -> ResultValues {
        guard let numbers else { return .text(try texts.required(count: count, in: body)) }
        if hasTexts { throw .malformedBody(.inconsistentSections(tag)) }
        if numbers.elementType == ElementType.f64.rawValue {
            return .reals(try numbers.elements(of: Double.self, count: count, in: body))
        }
        return .integers(try numbers.elements(of: Int64.self, count: count, in: body))
    }
}
