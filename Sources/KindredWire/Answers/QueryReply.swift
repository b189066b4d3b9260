import KindredDomain

/// The outcome of one query of a batch, as a client reads it.
package struct QueryReply: Sendable, Equatable {
    /// `StatusCode`'s number.
    package var status: UInt16 = 0
    /// `DetailCode`'s number.
    package var detail: UInt16 = 0
    /// For people; empty where the query was answered.
    package var message = ""
    /// The offending value, where it is a number; else 0.
    package var value: UInt64 = 0
    /// The greatest or least allowed value, where it is a number; else 0.
    package var limit: UInt64 = 0
    package var flags: QueryFlags = []
    /// Rows that could be in the answer.
    package var rowsEligible: UInt64 = 0
    /// Rows whose score, or a bound of it, was computed. A diagnostic.
    package var rowsScanned: UInt64 = 0
    /// Ids of the query that the model does not have; nil under the strict policy.
    package var unknownIDs: UInt32?
    /// Rows that are not eligible because an earlier query returned them; nil where queries may repeat rows.
    package var rowsTaken: UInt64?

    package init() {}

    /// False where the query failed.
    package var isAnswered: Bool { status == StatusCode.ok.rawValue }
}

/// Flags of a query's answer, or of an audience.
package struct QueryFlags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The answer is the exact one.
    package static let exact = QueryFlags(rawValue: 1)
    /// The answer is a fallback for an unknown id.
    package static let fallback = QueryFlags(rawValue: 2)
    /// The answer covers only a part of the rows.
    package static let partial = QueryFlags(rawValue: 4)
}

/// Reads the columns with the outcomes of a reply's queries.
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

    /// Adds the failures' numbers, which older servers do not send.
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

/// Writes the columns with the outcomes of a reply's queries.
struct OutcomeColumns {
    enum Tag {
        static let statuses: UInt16 = 73
        static let details: UInt16 = 77
        static let messages: UInt16 = 78
        static let values: UInt16 = 81
        static let limits: UInt16 = 82
    }

    private let outcomes: [QueryOutcome]
    /// The sentence of each query's failure, or an empty one; nil when no query failed.
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

    /// Bytes of the sections of a range of queries: statuses, and those of failures where there is one.
    func byteCount(of range: Range<Int>) -> Int {
        let codes = SectionSize.of(range.count * 2)
        guard hasFailure(in: range), let messages else { return codes }
        let text = Int(widening: messages.offsets[range.upperBound] - messages.offsets[range.lowerBound])
        let numbers = SectionSize.of(range.count * 8)
        return 2 * codes + SectionSize.of((range.count + 1) * 4) + SectionSize.of(text) + 2 * numbers
    }

    func appendStatuses(of range: Range<Int>, into writer: inout ByteWriter) {
        writer.appendSection(count: range.count, tag: Tag.statuses) {
            outcomes[range.lowerBound + $0].failure?.status.rawValue ?? StatusCode.ok.rawValue
        }
    }

    /// Appends details and messages where the range has a failure. `appendNumbers` writes the other sections of
    /// failures, whose tags come after the message's own.
    func appendFailures(of range: Range<Int>, into writer: inout ByteWriter) {
        guard hasFailure(in: range), let messages else { return }
        writer.appendSection(count: range.count, tag: Tag.details) {
            outcomes[range.lowerBound + $0].failure?.detail.rawValue ?? DetailCode.none.rawValue
        }
        writer.appendTexts(messages, in: range, tag: Tag.messages)
    }

    /// Appends the offending and allowed values where the range has a failure; 0 where a query has none.
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
