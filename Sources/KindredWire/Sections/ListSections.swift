import KindredDomain

/// The sections of a list of ids: `tag` has u64 ids; or `tag + 1` has u32 offsets `[n + 1]` and `tag + 2` bytes. A
/// ragged list has u32 offsets of its lists `[lists + 1]` at `tag + 3`.
struct IDSections {
    let tag: UInt16
    private var numbers: Section?
    private var texts: TextSections
    private var hasTexts = false
    private var listOffsets: Section?

    init(tag: UInt16) {
        self.tag = tag
        texts = TextSections(tag: tag + 1)
    }

    /// Keeps a section whose tag is in `tag ... tag + 3`.
    mutating func take(_ section: Section, _ reader: inout SectionReader) {
        switch section.tag - tag {
        case 0: numbers = reader.keep(section, as: .u64)
        case 3: listOffsets = reader.keep(section, as: .u32)
        default:
            texts.take(section, &reader)
            hasTexts = true
        }
    }

    /// The ids, each checked, or nil when the list is absent.
    func ids(in body: RawSpan, limits: Limits) throws(RequestFailure) -> IDList? {
        guard let ids = try uncheckedIDs(in: body) else { return nil }
        try Self.check(ids, limits)
        return ids
    }

    /// The ids with their offsets checked, but not the ids themselves; nil when the list is absent.
    private func uncheckedIDs(in body: RawSpan) throws(RequestFailure) -> IDList? {
        guard let numbers else { return try texts.uncheckedList(in: body).map { .text($0) } }
        if hasTexts { throw .malformedBody(.inconsistentSections(tag)) }
        return .numbers(numbers.elements(of: UInt64.self, in: body))
    }

    private static func check(_ ids: IDList, _ limits: Limits) throws(RequestFailure) {
        switch ids {
        case .numbers(let values):
            if values.reduce(0, |) > Limits.numberIDMax,
                let id = values.first(where: { $0 > Limits.numberIDMax })
            {
                throw .invalidArgument(.numberIDTooLarge(id))
            }
        case .text(let list): try check(list, idBytesMax: Int(widening: limits.idBytesMax))
        }
    }

    /// One list for all queries, or one for each; nil when absent. All offsets are checked before the first id.
    func ragged(in body: RawSpan, limits: Limits) throws(RequestFailure) -> RaggedIDs? {
        guard let ids = try uncheckedIDs(in: body) else {
            if listOffsets != nil { throw .malformedBody(.missingSection(tag)) }
            return nil
        }
        var lists = RaggedIDs(shared: ids)
        if let listOffsets {
            let offsets = listOffsets.elements(of: UInt32.self, in: body)
            guard let ragged = RaggedIDs(ids: ids, offsets: offsets) else {
                throw .malformedBody(.offsets(tag: tag + 3))
            }
            lists = ragged
        }
        try Self.check(ids, limits)
        return lists
    }

    private static func check(_ list: TextList, idBytesMax: Int) throws(RequestFailure) {
        let isASCII = list.isASCII
        for index in 0..<list.count {
            let count = Int(widening: list.offsets[index + 1] - list.offsets[index])
            guard count >= 1, count <= idBytesMax else { throw .invalidArgument(.textIDLength(count)) }
            guard isASCII || list.isUTF8(at: index) else { throw .invalidArgument(.textIDNotUTF8) }
        }
    }
}

extension RaggedIDs {
    /// Throws MALFORMED_BODY unless there is one list for all queries, or one for each of `queries`.
    func check(queries: Int, tag: UInt16) throws(RequestFailure) {
        guard let offsets, offsets.count != queries + 1 else { return }
        throw .malformedBody(.inconsistentSections(tag + 3))
    }
}

extension ByteWriter {
    /// Appends a list of ids.
    mutating func appendIDs(_ ids: IDList, tag: UInt16, critical: Bool = false) {
        appendIDs(ids, in: 0..<ids.count, tag: tag, critical: critical)
    }

    /// Appends a range of a list of ids. An empty range is written as numbers, whatever the kind of the list.
    mutating func appendIDs(_ ids: IDList, in range: Range<Int>, tag: UInt16, critical: Bool = false) {
        if range.isEmpty { return appendSection([UInt64](), tag: tag, critical: critical) }
        switch ids {
        case .numbers(let values): appendSection(values, in: range, tag: tag, critical: critical)
        case .text(let list): appendTexts(list, in: range, tag: tag + 1, critical: critical)
        }
    }

    /// Appends a ragged list of ids.
    mutating func appendRagged(_ lists: RaggedIDs, tag: UInt16, critical: Bool = false) {
        appendIDs(lists.ids, tag: tag, critical: critical)
        if let offsets = lists.offsets { appendSection(offsets, tag: tag + 3, critical: critical) }
    }
}

/// The two sections of a list of texts: `tag` has u32 offsets `[n + 1]`, `tag + 1` the bytes.
struct TextSections {
    let tag: UInt16
    private let type: ElementType
    private var offsets: Section?
    private var bytes: Section?

    /// A list whose bytes have the element type `type`. Texts of type utf8 are checked to be UTF-8.
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

    /// The list, or nil when it is absent. Each text must be UTF-8 by itself.
    func list(in body: RawSpan) throws(RequestFailure) -> TextList? {
        guard let list = try uncheckedList(in: body) else { return nil }
        if type == .utf8, !list.isASCII {
            for index in 0..<list.count where !list.isUTF8(at: index) {
                throw .malformedBody(.textNotUTF8(tag: tag + 1))
            }
        }
        return list
    }

    /// The list, which must be present.
    func required(in body: RawSpan) throws(RequestFailure) -> TextList {
        guard let list = try list(in: body) else { throw .malformedBody(.missingSection(tag)) }
        return list
    }

    /// The list, which must be present and have exactly `count` texts.
    func required(count: Int, in body: RawSpan) throws(RequestFailure) -> TextList {
        let list = try required(in: body)
        guard list.count == count else { throw .malformedBody(.inconsistentSections(tag)) }
        return list
    }

    /// The list with its offsets checked, but not its bytes; nil when it is absent.
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
    /// True when all bytes are ASCII, as in most lists of ids: then each text is UTF-8 by itself.
    var isASCII: Bool { bytes.reduce(0, |) < 0x80 }

    /// True when the text at `index` is UTF-8 by itself.
    func isUTF8(at index: Int) -> Bool {
        let range = Int(widening: offsets[index])..<Int(widening: offsets[index + 1])
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

    /// Appends a range of a list of texts as two sections.
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

    /// Appends the texts of `bytes` at `offsets`. The first offset need not be 0.
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
            UnsafeRawBufferPointer(rebasing: bytes[Int(clamping: first)..<Int(clamping: last)]), tag: tag + 1,
            type: type,
            critical: critical)
    }
}
