import KindredDomain

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
