import KindredDomain

/// The sections of a MODEL_LIST reply by tag, all of which version 1 sends.
struct ModelColumns {
    private var sections: [UInt16: Section] = [:]

    mutating func take(_ section: Section, _ reader: inout SectionReader, as type: ElementType) {
        sections[section.tag] = reader.keep(section, as: type)
    }

    /// A column of numbers of any length.
    func numbers<T: WireElement>(
        _ tag: UInt16, of type: T.Type, in body: RawSpan
    ) throws(RequestFailure) -> [T] {
        guard let section = sections[tag] else { throw .malformedBody(.missingSection(tag)) }
        return section.elements(of: type, in: body)
    }

    /// A column of exactly `count` numbers.
    func numbers<T: WireElement>(
        _ tag: UInt16, of type: T.Type, count: Int, in body: RawSpan
    ) throws(RequestFailure) -> [T] {
        let numbers = try numbers(tag, of: type, in: body)
        guard numbers.count == count else { throw .malformedBody(.inconsistentSections(tag)) }
        return numbers
    }

    /// The stretches of a column of `elements` elements that belong to each of `lists` models.
    func ranges(
        _ tag: UInt16, lists: Int, elements: Int, in body: RawSpan
    ) throws(RequestFailure) -> [Range<Int>] {
        let offsets = try numbers(tag, of: UInt32.self, count: lists + 1, in: body)
        var ranges: [Range<Int>] = []
        for (first, end) in zip(offsets, offsets.dropFirst()) {
            guard first <= end else { throw .malformedBody(.offsets(tag: tag)) }
            ranges.append(Int(first)..<Int(end))
        }
        guard offsets.first == 0, let last = offsets.last, Int(last) == elements else {
            throw .malformedBody(.offsets(tag: tag))
        }
        return ranges
    }
}
