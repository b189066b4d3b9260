import KindredDomain

/// The sections of blends that are no items: users and vectors with weights.
struct BlendSections {
    enum Tag {
        static let users: UInt16 = 96
        static let userWeights: UInt16 = 100
        static let vectors: UInt16 = 101
        static let vectorOffsets: UInt16 = 102
        static let vectorWeights: UInt16 = 103
    }

    /// The sections' lists: each is well formed, and not yet compared with the others.
    struct Lists {
        fileprivate var users: RaggedIDs?
        fileprivate var userWeights: [Float]?
        fileprivate var vectors: [Float]?
        fileprivate var vectorOffsets: [UInt32]?
        fileprivate var vectorWeights: [Float]?
    }

    private var users = IDSections(tag: Tag.users)
    private var userWeights: Section?
    private var vectors: Section?
    private var vectorOffsets: Section?
    private var vectorWeights: Section?

    /// Keeps a section of blends; false for any other.
    mutating func take(_ section: Section, _ reader: inout SectionReader) -> Bool {
        switch section.tag {
        case Tag.users...Tag.users + 3: users.take(section, &reader)
        case Tag.userWeights: userWeights = reader.keep(section, as: .f32)
        case Tag.vectors: vectors = reader.keep(section, as: .f32)
        case Tag.vectorOffsets: vectorOffsets = reader.keep(section, as: .u32)
        case Tag.vectorWeights: vectorWeights = reader.keep(section, as: .f32)
        default: return false
        }
        return true
    }

    /// The lists, with their forms checked.
    func lists(in body: RawSpan, limits: Limits) throws(RequestFailure) -> Lists {
        var lists = Lists()
        lists.users = try users.ragged(in: body, limits: limits)
        lists.userWeights = userWeights?.elements(of: Float.self, in: body)
        lists.vectors = vectors?.elements(of: Float.self, in: body)
        if let vectorOffsets {
            let offsets = vectorOffsets.elements(of: UInt32.self, in: body)
            guard offsets.first == 0, zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 }) else {
                throw .malformedBody(.offsets(tag: Tag.vectorOffsets))
            }
            lists.vectorOffsets = offsets
        }
        lists.vectorWeights = vectorWeights?.elements(of: Float.self, in: body)
        return lists
    }
}

extension BlendSections.Lists {
    private typealias Tag = BlendSections.Tag

    /// Throws where a section is there, which queries of another kind must not have.
    func refuseAll() throws(RequestFailure) {
        try refuse(users != nil, Tag.users)
        try refuse(userWeights != nil, Tag.userWeights)
        try refuse(vectors != nil, Tag.vectors)
        try refuse(vectorOffsets != nil, Tag.vectorOffsets)
        try refuse(vectorWeights != nil, Tag.vectorWeights)
    }

    /// The blends of `count` queries, whose items are read already. Throws MALFORMED_BODY where the lists disagree.
    func blends(items: Baskets?, count: Int) throws(RequestFailure) -> Blends {
        let users = try self.users(count: count)
        let vectors = try self.vectors(count: count)
        guard let blends = Blends(users: users, items: items, vectors: vectors) else {
            throw .malformedBody(.missingSection(ScopeReader.Tag.members))
        }
        return blends
    }

    private func users(count: Int) throws(RequestFailure) -> Baskets? {
        guard let users else {
            try refuse(userWeights != nil, Tag.userWeights)
            return nil
        }
        guard users.offsets != nil else { throw .malformedBody(.missingSection(Tag.users + 3)) }
        try users.check(queries: count, tag: Tag.users)
        guard let lists = Baskets(members: users, weights: userWeights) else {
            throw .malformedBody(.inconsistentSections(Tag.userWeights))
        }
        return lists
    }

    private func vectors(count: Int) throws(RequestFailure) -> WeightedVectors? {
        guard let vectors else {
            try refuse(vectorOffsets != nil, Tag.vectorOffsets)
            try refuse(vectorWeights != nil, Tag.vectorWeights)
            return nil
        }
        guard let vectorOffsets else { throw .malformedBody(.missingSection(Tag.vectorOffsets)) }
        try refuse(vectorOffsets.count != count + 1, Tag.vectorOffsets)
        if let vectorWeights {
            try refuse(vectorWeights.count != Int(widening: vectorOffsets[count]), Tag.vectorWeights)
        }
        guard let lists = WeightedVectors(elements: vectors, offsets: vectorOffsets, weights: vectorWeights)
        else { throw .malformedBody(.inconsistentSections(Tag.vectors)) }
        return lists
    }

    private func refuse(_ isWrong: Bool, _ tag: UInt16) throws(RequestFailure) {
        if isWrong { throw .malformedBody(.inconsistentSections(tag)) }
    }
}

extension ByteWriter {
    /// Appends the users and vectors of blends.
    mutating func appendBlends(_ blends: Blends) {
        typealias Tag = BlendSections.Tag
        if let users = blends.users {
            appendIDs(users.members, tag: Tag.users, critical: true)
            appendSection(users.offsets, tag: Tag.users + 3, critical: true)
            if let weights = users.weights { appendSection(weights, tag: Tag.userWeights, critical: true) }
        }
        if let vectors = blends.vectors {
            appendSection(vectors.elements, tag: Tag.vectors, critical: true)
            appendSection(vectors.offsets, tag: Tag.vectorOffsets, critical: true)
            if let weights = vectors.weights {
                appendSection(weights, tag: Tag.vectorWeights, critical: true)
            }
        }
    }
}
