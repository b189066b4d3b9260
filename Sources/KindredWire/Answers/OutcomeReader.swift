import KindredDomain

/// Reads the columns of a reply that say how each query ended.
struct OutcomeReader {
    typealias Tag = OutcomeColumns.Tag

    private var statuses: Section?
    private var details: Section?
    private var messages = TextSections(tag: Tag.messages)
    private var values: Section?
    private var limits: Section?

    /// Keeps a section of the outcomes; false for any other.
    mutating func take(_ section: Section, _ reader: inout SectionReader) -> Bool {
        switch section.tag {
        case Tag.statuses: statuses = reader.keep(section, as: .u16)
        case Tag.details: details = reader.keep(section, as: .u16)
        case Tag.messages...Tag.messages + 1: messages.take(section, &reader)
        case Tag.values: values = reader.keep(section, as: .u64)
        case Tag.limits: limits = reader.keep(section, as: .u64)
        default: return false
        }
        return true
    }

    /// One outcome for each of `count` queries.
    func outcomes(count: Int, in body: RawSpan) throws(RequestFailure) -> [QueryReply] {
        guard let statuses else { throw .malformedBody(.missingSection(Tag.statuses)) }
        let codes = try statuses.elements(of: UInt16.self, count: count, in: body)
        var outcomes = [QueryReply](repeating: QueryReply(), count: count)
        for (index, code) in codes.enumerated() { outcomes[index].status = code }
        guard let texts = try messages.list(in: body) else {
            if let alone = details ?? values ?? limits {
                throw .malformedBody(.inconsistentSections(alone.tag))
            }
            return outcomes
        }
        guard let details, texts.count == count else {
            throw .malformedBody(.inconsistentSections(Tag.messages))
        }
        for (index, code) in try details.elements(of: UInt16.self, count: count, in: body).enumerated() {
            outcomes[index].detail = code
            if !texts[index].isEmpty {
                outcomes[index].message = String(decoding: texts[index], as: UTF8.self)
            }
        }
        try addNumbers(to: &outcomes, in: body)
        return outcomes
    }

    /// Reads the failures' numbers, which older servers do not send.
    private func addNumbers(to outcomes: inout [QueryReply], in body: RawSpan) throws(RequestFailure) {
        guard let values, let limits else {
            if let alone = values ?? limits { throw .malformedBody(.inconsistentSections(alone.tag)) }
            return
        }
        let numbers = try values.elements(of: UInt64.self, count: outcomes.count, in: body)
        let bounds = try limits.elements(of: UInt64.self, count: outcomes.count, in: body)
        for index in outcomes.indices {
            (outcomes[index].value, outcomes[index].limit) = (numbers[index], bounds[index])
        }
    }
}
