import KindredDomain

/// Reads the sections that RECOMMEND and SCORE share: the queries.
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
    private var blendSections = BlendSections()

    /// Keeps a section of the queries; false for any other.
    mutating func take(_ section: Section, _ reader: inout SectionReader) -> Bool {
        switch section.tag {
        case Tag.queryIDs...Tag.queryIDs + 2: queryIDSections.take(section, &reader)
        case Tag.vectors: vectorSection = reader.keep(section, as: .f32)
        case Tag.members...Tag.members + 3: memberSections.take(section, &reader)
        case Tag.weights: weightSection = reader.keep(section, as: .f32)
        case BlendSections.Tag.users...BlendSections.Tag.vectorWeights:
            return blendSections.take(section, &reader)
        default: return false
        }
        return true
    }

    /// The lists of queries whose tags come before those of exclusions, candidates and columns, with their forms
    /// checked. Forms are checked in ascending order of tags: `readBlends` reads the others.
    func lists(in body: RawSpan, limits: Limits) throws(RequestFailure) -> ScopeLists {
        ScopeLists(
            queryIDs: try queryIDSections.ids(in: body, limits: limits),
            vectors: vectorSection?.elements(of: Float.self, in: body),
            members: try memberSections.ragged(in: body, limits: limits),
            weights: weightSection?.elements(of: Float.self, in: body))
    }

    /// Reads the lists of blends, whose tags come after those of columns.
    func readBlends(into lists: inout ScopeLists, in body: RawSpan, limits: Limits) throws(RequestFailure) {
        lists.blends = try blendSections.lists(in: body, limits: limits)
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
            case .blends: .blend
            case .foldIns: .foldIn
            }
        writer.store(kind.rawValue, at: fixed + 2)
        writer.store(target.rawValue, at: fixed + 3)
        writer.store(similarity?.rawValue ?? 0, at: fixed + 4)
        writer.store(unknownIDs.rawValue, at: fixed + 5)
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
        case .baskets(let baskets), .foldIns(let baskets): writer.appendMembers(baskets)
        case .blends(let blends): if let items = blends.items { writer.appendMembers(items) }
        }
    }

    /// Appends the sections of queries that come after those of exclusions, candidates and columns.
    func encodeLateSections(into writer: inout ByteWriter) {
        if case .blends(let blends) = queries { writer.appendBlends(blends) }
    }
}

extension ByteWriter {
    fileprivate mutating func appendMembers(_ baskets: Baskets) {
        appendIDs(baskets.members, tag: ScopeReader.Tag.members, critical: true)
        appendSection(baskets.offsets, tag: ScopeReader.Tag.members + 3, critical: true)
        if let weights = baskets.weights {
            appendSection(weights, tag: ScopeReader.Tag.weights, critical: true)
        }
    }

    /// Appends the section common to all requests that names the model.
    mutating func appendModel(_ model: ModelName?) {
        if let model { appendString(model.description, tag: CommonTag.model, critical: true) }
    }
}

/// The fixed part that RECOMMEND and SCORE share. SCORE ignores k.
struct ScopeFixedPart {
    static let byteCount = 24

    let kind: QueryKind
    let target: Side
    /// Nil: the default.
    let similarity: Similarity?
    let unknownIDs: UnknownIDPolicy
    /// The bits of the options field.
    let options: UInt16
    let queryCount: Int
    let k: UInt32
    let version: UInt64

    /// Reads the fixed part and checks its closed sets. The caller has checked that it is there.
    init(_ body: RawSpan, optionsKnown: UInt16) throws(RequestFailure) {
        kind = try body.choice(at: 2, .queryKind)
        target = try body.choice(at: 3, .target)
        similarity = try body.similarity(at: 4)
        unknownIDs = try body.choice(at: 5, .unknownIDPolicy)
        options = try body.options(at: 6, known: optionsKnown)
        queryCount = Int(widening: body.integer(at: 8, as: UInt32.self))
        k = body.integer(at: 12, as: UInt32.self)
        version = body.integer(at: 16, as: UInt64.self)
    }

    /// Throws INVALID_ARGUMENT for no queries and LIMIT_EXCEEDED for too many.
    func checkQueryCount(_ limits: Limits) throws(RequestFailure) {
        guard queryCount > 0 else { throw .invalidArgument(.noQueries) }
        try limits.check(.queriesPerBatch, queryCount, atMost: limits.queriesPerBatchMax)
    }

    /// Throws INVALID_ARGUMENT for a k of 0 and LIMIT_EXCEEDED for too large a k or too many results.
    func checkK(_ limits: Limits) throws(RequestFailure) {
        guard k > 0 else { throw .invalidArgument(.kIsZero) }
        try limits.check(.k, UInt64(widening: k), atMost: UInt64(widening: limits.kMax))
        // Both come from u32 fields: the product fits 64 bits.
        try limits.check(
            .resultsPerRequest, UInt64(clamping: queryCount) * UInt64(widening: k),
            atMost: UInt64(widening: limits.resultsPerRequestMax))
    }
}

/// The kinds of queries. All queries of a request are of one kind.
enum QueryKind: UInt8 {
    case user = 1
    case item = 2
    case vector = 3
    case basket = 4
    case blend = 5
    case foldIn = 6

    /// True where the queries are made of `members`.
    var hasMembers: Bool { self == .basket || self == .blend || self == .foldIn }
}

/// The lists in the sections of RECOMMEND or SCORE: each is well formed, and not yet compared with the fixed part.
struct ScopeLists {
    typealias Tag = ScopeReader.Tag

    let queryIDs: IDList?
    let vectors: [Float]?
    let members: RaggedIDs?
    let weights: [Float]?
    var blends = BlendSections.Lists()

    /// The queries, of the kind and number in the fixed part. Throws MALFORMED_BODY where the lists do not match it.
    func queries(_ fixed: ScopeFixedPart) throws(RequestFailure) -> QueryBatch {
        let kind = fixed.kind
        try refuse(queryIDs != nil && kind != .user && kind != .item, Tag.queryIDs)
        try refuse(vectors != nil && kind != .vector, Tag.vectors)
        try refuse(members != nil && !kind.hasMembers, Tag.members)
        try refuse(weights != nil && !kind.hasMembers, Tag.weights)
        if kind != .blend { try blends.refuseAll() }
        switch kind {
        case .user: return .users(try ids(count: fixed.queryCount))
        case .item: return .items(try ids(count: fixed.queryCount))
        case .vector:
            guard let vectors else { throw .malformedBody(.missingSection(Tag.vectors)) }
            try refuse(vectors.isEmpty || vectors.count % fixed.queryCount != 0, Tag.vectors)
            return .vectors(elements: vectors, count: fixed.queryCount)
        case .basket: return .baskets(try baskets(count: fixed.queryCount))
        case .foldIn: return .foldIns(try baskets(count: fixed.queryCount))
        case .blend:
            try refuse(members == nil && weights != nil, Tag.weights)
            let items = members == nil ? nil : try baskets(count: fixed.queryCount)
            return .blends(try blends.blends(items: items, count: fixed.queryCount))
        }
    }

    private func ids(count: Int) throws(RequestFailure) -> IDList {
        guard let queryIDs else { throw .malformedBody(.missingSection(Tag.queryIDs)) }
        try refuse(queryIDs.count != count, Tag.queryIDs)
        return queryIDs
    }

    private func baskets(count: Int) throws(RequestFailure) -> Baskets {
        guard let members else { throw .malformedBody(.missingSection(Tag.members)) }
        guard members.offsets != nil else { throw .malformedBody(.missingSection(Tag.members + 3)) }
        try members.check(queries: count, tag: Tag.members)
        guard let baskets = Baskets(members: members, weights: weights) else {
            throw .malformedBody(.inconsistentSections(Tag.weights))
        }
        return baskets
    }

    private func refuse(_ isWrong: Bool, _ tag: UInt16) throws(RequestFailure) {
        if isWrong { throw .malformedBody(.inconsistentSections(tag)) }
    }
}

extension QueryBatch {
    /// Throws LIMIT_EXCEEDED for a vector, basket, blend or fold-in that is too long.
    func checkLimits(_ limits: Limits) throws(RequestFailure) {
        switch self {
        case .users, .items: break
        case .vectors(let elements, let count):
            try limits.check(.dimension, elements.count / count, atMost: limits.dimensionMax)
        case .baskets(let baskets), .foldIns(let baskets):
            for (first, end) in zip(baskets.offsets, baskets.offsets.dropFirst()) {
                try limits.check(.basketMembers, Int(widening: end - first), atMost: limits.basketMembersMax)
            }
        case .blends(let blends):
            try limits.check(.dimension, blends.vectors?.dimension ?? 0, atMost: limits.dimensionMax)
            for index in 0..<blends.count {
                try limits.check(
                    .basketMembers, blends.memberCount(of: index), atMost: limits.basketMembersMax)
            }
        }
    }

    /// Throws INVALID_ARGUMENT for a weight that is not finite, and for one of a fold-in that is not above 0.
    func checkWeights() throws(RequestFailure) {
        switch self {
        case .users, .items, .vectors: break
        case .baskets(let baskets): try Self.checkFinite(baskets.weights, baskets.offsets)
        case .foldIns(let baskets):
            try Self.checkFinite(baskets.weights, baskets.offsets)
            guard let weights = baskets.weights, let index = weights.firstIndex(where: { $0 <= 0 }) else {
                return
            }
            let item = Self.member(index, baskets.offsets)
            throw .invalidArgument(.members(.foldInWeight(item: item, value: weights[index])))
        case .blends(let blends):
            if let items = blends.items { try Self.checkFinite(items.weights, items.offsets) }
            if let users = blends.users { try Self.checkFinite(users.weights, users.offsets) }
            if let vectors = blends.vectors { try Self.checkFinite(vectors.weights, vectors.offsets) }
        }
    }

    private static func checkFinite(_ weights: [Float]?, _ offsets: [UInt32]) throws(RequestFailure) {
        guard let weights, let index = weights.firstIndex(where: { !$0.isFinite }) else { return }
        throw .invalidArgument(.weightNotFinite(member: member(index, offsets), value: weights[index]))
    }

    /// The place within its list of an element of all lists.
    private static func member(_ index: Int, _ offsets: [UInt32]) -> Int {
        index - Int(widening: offsets.last { Int(widening: $0) <= index } ?? 0)
    }
}
