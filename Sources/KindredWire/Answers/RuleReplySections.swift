import KindredDomain

/// The sections of a RECOMMEND reply that only requests with rules get.
struct RuleReplySections {
    typealias Tag = RecommendReply.Tag

    private var unknownIDs: Section?
    private var because = IDSections(tag: Tag.because)
    private var becauseFound: Section?
    private var rowsTaken: Section?

    /// Keeps a section of the rules; false for any other.
    mutating func take(_ section: Section, _ reader: inout SectionReader) -> Bool {
        switch section.tag {
        case Tag.unknownIDs: unknownIDs = reader.keep(section, as: .u32)
        case Tag.because...Tag.because + 2: because.take(section, &reader)
        case Tag.becauseFound: becauseFound = reader.keep(section, as: .u8)
        case Tag.rowsTaken: rowsTaken = reader.keep(section, as: .u64)
        default: return false
        }
        return true
    }

    /// The items that `count` results are near to; nil where the sections are absent.
    func because(count: Int, in body: RawSpan) throws(RequestFailure) -> BecauseList? {
        let ids = try because.ids(in: body, limits: .standard)
        guard let becauseFound else {
            if ids != nil { throw .malformedBody(.missingSection(Tag.becauseFound)) }
            return nil
        }
        guard let ids else { throw .malformedBody(.missingSection(Tag.because)) }
        let found = try becauseFound.bitmap(count: count, in: body)
        guard found.count(where: \.self) == ids.count else {
            throw .malformedBody(.inconsistentSections(Tag.because))
        }
        return BecauseList(ids: ids, found: found)
    }

    /// Adds the counts of each query.
    func add(to outcomes: inout [QueryReply], in body: RawSpan) throws(RequestFailure) {
        if let unknownIDs {
            let counts = try unknownIDs.elements(of: UInt32.self, count: outcomes.count, in: body)
            for index in outcomes.indices { outcomes[index].unknownIDs = counts[index] }
        }
        if let rowsTaken {
            let counts = try rowsTaken.elements(of: UInt64.self, count: outcomes.count, in: body)
            for index in outcomes.indices { outcomes[index].rowsTaken = counts[index] }
        }
    }
}
