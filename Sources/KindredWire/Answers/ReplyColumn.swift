import KindredDomain

/// The values of one requested column, as a client reads them. The request has the column's name.
package struct ReplyColumn: Sendable, Equatable {
    package var values: ResultValues
    /// One for each result; false where the row has no value.
    package var present: [Bool]

    package init(values: ResultValues, present: [Bool]) {
        self.values = values
        self.present = present
    }
}

/// Reads the four sections of a column block.
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

    /// The column, which must have exactly `count` results.
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

/// Writes the four sections of a column block.
extension ResultColumn {
    /// Bytes of the column block of a range of results.
    func byteCount(of results: Range<Int>) -> Int {
        let bitmap = SectionSize.of((results.count + 7) / 8)
        switch values {
        case .integers, .reals: return bitmap + SectionSize.of(results.count * 8)
        case .text(let list): return bitmap + SectionSize.of(list, in: results)
        }
    }

    /// Appends the column block of a range of results. It takes the tags `tag ... tag + 3`.
    func encode(_ results: Range<Int>, tag: UInt16, into writer: inout ByteWriter) {
        switch values {
        case .integers(let values): writer.appendSection(values, in: results, tag: tag)
        case .reals(let values): writer.appendSection(values, in: results, tag: tag)
        case .text(let list): writer.appendTexts(list, in: results, tag: tag + 1)
        }
        writer.appendBitmap(present, in: results, tag: tag + 3)
    }
}
