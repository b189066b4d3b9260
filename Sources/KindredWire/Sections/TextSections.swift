import KindredDomain

/// The two sections of a list of texts: `tag` offsets u32 `[n + 1]`, `tag + 1` bytes.
struct TextSections {
    let tag: UInt16
    private let type: ElementType
    private var offsets: Section?
    private var bytes: Section?

    /// A list whose texts' bytes are of element type `type`; those of utf8 are checked to be UTF-8.
    init(tag: UInt16, type: ElementType = .utf8) {
        self.tag = tag
        self.type = type
    }

    /// Keeps a section whose tag is `tag` or `tag + 1`.
    mutating func take(_ section: Section, _ reader: inout SectionReader) {
        if section.tag == tag {
            offsets = reader.keep(section, as: .u32)
        } else {
            bytes = reader.keep(section, as: type)
        }
    }

    /// The list, or nil when it is absent. Each text by itself must be UTF-8.
    func list(in body: RawSpan) throws(RequestFailure) -> TextList? {
        guard let list = try uncheckedList(in: body) else { return nil }
        if type == .utf8, !list.isASCII {
            for index in 0..<list.count where !list.isUTF8(at: index) {
                throw .malformedBody(.textNotUTF8(tag: tag + 1))
            }
        }
        return list
    }

    /// The list, which must be there.
    func required(in body: RawSpan) throws(RequestFailure) -> TextList {
        guard let list = try list(in: body) else { throw .malformedBody(.missingSection(tag)) }
        return list
    }

    /// The list, which must be there, of exactly `count` texts.
    func required(count: Int, in body: RawSpan) throws(RequestFailure) -> TextList {
        let list = try required(in: body)
        guard list.count == count else { throw .malformedBody(.inconsistentSections(tag)) }
        return list
    }

    /// The list with its offsets checked, its bytes not; nil when it is absent.
    func uncheckedList(in body: RawSpan) throws(RequestFailure) -> TextList? {
        guard let offsets else {
            if bytes != nil { throw .malformedBody(.missingSection(tag)) }
            return nil
        }
        guard let bytes else { throw .malformedBody(.missingSection(tag + 1)) }
        let list = TextList(
            offsets: offsets.elements(of: UInt32.self, in: body),
            bytes: bytes.elements(of: UInt8.self, in: body))
        guard let list else { throw .malformedBody(.offsets(tag: tag)) }
        return list
    }
}

extension TextList {
    /// True when no text needs a look of its own to be UTF-8: most ids are ASCII.
    var isASCII: Bool { bytes.reduce(0, |) < 0x80 }

    /// True when the text by itself is UTF-8.
    func isUTF8(at index: Int) -> Bool {
        let range = Int(offsets[index])..<Int(offsets[index + 1])
        return (try? UTF8Span(validating: bytes.span.extracting(range))) != nil
    }
}

extension ByteWriter {
    /// Appends a list of texts as two sections.
    mutating func appendTexts(
        _ list: TextList, tag: UInt16, type: ElementType = .utf8, critical: Bool = false
    ) {
        appendTexts(list, in: 0..<list.count, tag: tag, type: type, critical: critical)
    }

    /// Appends a stretch of a list of texts as two sections.
    mutating func appendTexts(
        _ list: TextList, in range: Range<Int>, tag: UInt16, type: ElementType = .utf8, critical: Bool = false
    ) {
        list.offsets.withUnsafeBufferPointer { offsets in
            list.bytes.withUnsafeBytes { bytes in
                appendTexts(
                    offsets: UnsafeBufferPointer(rebasing: offsets[range.lowerBound...range.upperBound]),
                    bytes: bytes,
                    tag: tag, type: type, critical: critical)
            }
        }
    }

    /// Appends texts that lie in `bytes` at `offsets`, which need not begin with 0.
    mutating func appendTexts<Offset: FixedWidthInteger & UnsignedInteger>(
        offsets: UnsafeBufferPointer<Offset>, bytes: UnsafeRawBufferPointer, tag: UInt16,
        type: ElementType = .utf8, critical: Bool = false
    ) {
        guard let first = offsets.first, let last = offsets.last else { return }
        if first == 0, Offset.self == UInt32.self {
            appendSection(UnsafeRawBufferPointer(offsets), tag: tag, type: .u32, critical: critical)
        } else {
            appendSection(count: offsets.count, tag: tag, critical: critical) {
                UInt32(truncatingIfNeeded: offsets[$0] - first)
            }
        }
        appendSection(
            UnsafeRawBufferPointer(rebasing: bytes[Int(first)..<Int(last)]), tag: tag + 1, type: type,
            critical: critical)
    }
}
