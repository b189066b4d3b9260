import KindredDomain

/// The queries of a RECOMMEND or SCORE, as their sections gave them: each list well formed by itself, not yet held
/// against the fixed part.
struct ScopeLists {
    typealias Tag = ScopeReader.Tag

    let queryIDs: IDList?
    let vectors: [Float]?
    let members: RaggedIDs?
    let weights: [Float]?

    /// The queries of the kind and number that the fixed part states, or MALFORMED_BODY.
    func queries(_ fixed: ScopeFixedPart) throws(RequestFailure) -> QueryBatch {
        let kind = fixed.kind
        try refuse(queryIDs != nil && kind != .user && kind != .item, Tag.queryIDs)
        try refuse(vectors != nil && kind != .vector, Tag.vectors)
        try refuse(members != nil && kind != .basket, Tag.members)
        try refuse(weights != nil && kind != .basket, Tag.weights)
        switch kind {
        case .user: return .users(try ids(count: fixed.queryCount))
        case .item: return .items(try ids(count: fixed.queryCount))
        case .vector:
            guard let vectors else { throw .malformedBody(.missingSection(Tag.vectors)) }
            try refuse(vectors.isEmpty || vectors.count % fixed.queryCount != 0, Tag.vectors)
            return .vectors(elements: vectors, count: fixed.queryCount)
        case .basket: return .baskets(try baskets(count: fixed.queryCount))
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
    /// Throws LIMIT_EXCEEDED for vectors or baskets that are too long.
    func checkLimits(_ limits: Limits) throws(RequestFailure) {
        switch self {
        case .users, .items: break
        case .vectors(let elements, let count):
            try limits.check(.dimension, UInt64(elements.count / count), atMost: UInt64(limits.dimensionMax))
        case .baskets(let baskets):
            for (first, end) in zip(baskets.offsets, baskets.offsets.dropFirst()) {
                try limits.check(.basketMembers, UInt64(end - first), atMost: UInt64(limits.basketMembersMax))
            }
        }
    }

    /// Throws INVALID_ARGUMENT for a weight that is not finite.
    func checkWeights() throws(RequestFailure) {
        guard case .baskets(let baskets) = self, let weights = baskets.weights,
            let index = weights.firstIndex(where: { !$0.isFinite })
        else { return }
        let first = baskets.offsets.last { Int($0) <= index } ?? 0
        throw .invalidArgument(.weightNotFinite(member: index - Int(first), value: weights[index]))
    }
}
