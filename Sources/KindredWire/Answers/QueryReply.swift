import KindredDomain

/// How one query of a batch ended, as a client reads it.
package struct QueryReply: Sendable, Equatable {
    /// `StatusCode`'s number.
    package var status: UInt16 = 0
    /// `DetailCode`'s number.
    package var detail: UInt16 = 0
    /// Empty where the query was answered.
    package var message = ""
    /// The offending value, where it is a number; else 0.
    package var value: UInt64 = 0
    /// What would be right, where it is a number; else 0.
    package var limit: UInt64 = 0
    package var flags: QueryFlags = []
    package var rowsEligible: UInt64 = 0
    package var rowsScanned: UInt64 = 0

    package init() {}

    package var isAnswered: Bool { status == StatusCode.ok.rawValue }
}

/// What a reply says of one query, or of an audience.
package struct QueryFlags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The answer is the exact one.
    package static let exact = QueryFlags(rawValue: 1)
    /// The answer is that of a fallback for an unknown id.
    package static let fallback = QueryFlags(rawValue: 2)
    /// The answer covers a part of the rows.
    package static let partial = QueryFlags(rawValue: 4)
}

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

/// The columns of a reply that say how each query ended.
struct OutcomeColumns {
    enum Tag {
        static let statuses: UInt16 = 73
        static let details: UInt16 = 77
        static let messages: UInt16 = 78
        static let values: UInt16 = 81
        static let limits: UInt16 = 82
    }

    private let outcomes: [QueryOutcome]
    /// The failures' sentences, empty where there is none; nil when no query failed.
    private let messages: TextList?

    init(_ outcomes: [QueryOutcome]) {
        self.outcomes = outcomes
        guard outcomes.contains(where: { $0.failure != nil }) else {
            messages = nil
            return
        }
        var messages = TextList()
        for outcome in outcomes {
            messages.append(MessageSection.cut(outcome.failure?.description ?? "").utf8)
        }
        self.messages = messages
    }

    /// Bytes of the sections of a stretch of queries: statuses, and what only failures have.
    func byteCount(of range: Range<Int>) -> Int {
        let codes = SectionSize.of(range.count * 2)
        guard hasFailure(in: range), let messages else { return codes }
        let text = Int(messages.offsets[range.upperBound] - messages.offsets[range.lowerBound])
        let numbers = SectionSize.of(range.count * 8)
        return 2 * codes + SectionSize.of((range.count + 1) * 4) + SectionSize.of(text) + 2 * numbers
    }

    func appendStatuses(of range: Range<Int>, into writer: inout ByteWriter) {
        writer.appendSection(count: range.count, tag: Tag.statuses) {
            outcomes[range.lowerBound + $0].failure?.status.rawValue ?? StatusCode.ok.rawValue
        }
    }

    /// Appends what only a stretch with a failed query has: details and messages. `appendNumbers` has the rest, behind
    /// the message's own sections.
    func appendFailures(of range: Range<Int>, into writer: inout ByteWriter) {
        guard hasFailure(in: range), let messages else { return }
        writer.appendSection(count: range.count, tag: Tag.details) {
            outcomes[range.lowerBound + $0].failure?.detail.rawValue ?? DetailCode.none.rawValue
        }
        writer.appendTexts(messages, in: range, tag: Tag.messages)
    }

    /// Appends the offending values of the failures and what would be right; 0 where there is none.
    func appendNumbers(of range: Range<Int>, into writer: inout ByteWriter) {
        guard hasFailure(in: range) else { return }
        writer.appendSection(count: range.count, tag: Tag.values) {
            outcomes[range.lowerBound + $0].failure?.wireNumbers.value ?? 0
        }
        writer.appendSection(count: range.count, tag: Tag.limits) {
            outcomes[range.lowerBound + $0].failure?.wireNumbers.limit ?? 0
        }
    }

    private func hasFailure(in range: Range<Int>) -> Bool {
        messages != nil && outcomes[range].contains { $0.failure != nil }
    }
}
