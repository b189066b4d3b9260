import KindredDomain

/// The sections that the bodies of RECOMMEND and SCORE share: the queries.
struct ScopeReader {
    enum Tag {
        static let queryIDs: UInt16 = 64
        static let vectors: UInt16 = 68
        static let members: UInt16 = 72
        static let weights: UInt16 = 76
    }

    private var queryIDSections = IDSections(tag: Tag.queryIDs)
    private var vectorSection: Section?
    private var memberSections = IDSections(tag: Tag.members)
    private var weightSection: Section?

    /// Keeps a section of the queries; false for any other.
    mutating func take(_ section: Section, _ reader: inout SectionReader) -> Bool {
        switch section.tag {
        case Tag.queryIDs...Tag.queryIDs + 2: queryIDSections.take(section, &reader)
        case Tag.vectors: vectorSection = reader.keep(section, as: .f32)
        case Tag.members...Tag.members + 3: memberSections.take(section, &reader)
        case Tag.weights: weightSection = reader.keep(section, as: .f32)
        default: return false
        }
        return true
    }

    /// The lists of the queries, whichever kind they belong to, with their forms checked.
    func lists(in body: RawSpan, limits: Limits) throws(RequestFailure) -> ScopeLists {
        ScopeLists(
            queryIDs: try queryIDSections.ids(in: body, limits: limits),
            vectors: vectorSection?.elements(of: Float.self, in: body),
            members: try memberSections.ragged(in: body, limits: limits),
            weights: weightSection?.elements(of: Float.self, in: body))
    }
}

extension QueryScope {
    /// Writes the shared fields of a fixed part that begins at `fixed`.
    func storeFixed(in writer: inout ByteWriter, at fixed: Int, options: UInt16) {
        let kind: QueryKind =
            switch queries {
            case .users: .user
            case .items: .item
            case .vectors: .vector
            case .baskets: .basket
            }
        writer.store(kind.rawValue, at: fixed + 2)
        writer.store(target.rawValue, at: fixed + 3)
        writer.store(similarity?.rawValue ?? 0, at: fixed + 4)
        writer.store(options, at: fixed + 6)
        writer.store(UInt32(clamping: queries.count), at: fixed + 8)
        writer.store(version, at: fixed + 16)
    }

    /// Appends the sections of the model's name and of the queries.
    func encodeSections(into writer: inout ByteWriter) {
        writer.appendModel(model)
        switch queries {
        case .users(let ids), .items(let ids):
            writer.appendIDs(ids, tag: ScopeReader.Tag.queryIDs, critical: true)
        case .vectors(let elements, _):
            writer.appendSection(elements, tag: ScopeReader.Tag.vectors, critical: true)
        case .baskets(let baskets):
            writer.appendIDs(baskets.members, tag: ScopeReader.Tag.members, critical: true)
            writer.appendSection(baskets.offsets, tag: ScopeReader.Tag.members + 3, critical: true)
            if let weights = baskets.weights {
                writer.appendSection(weights, tag: ScopeReader.Tag.weights, critical: true)
            }
        }
    }
}

extension ByteWriter {
    /// Appends the section common to all requests that names the model.
    mutating func appendModel(_ model: ModelName?) {
        if let model { appendString(model.description, tag: CommonTag.model, critical: true) }
    }
}
