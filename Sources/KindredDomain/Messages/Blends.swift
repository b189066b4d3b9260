/// Blends of users, items and vectors with weights, one for each query: the sum of weight times vector over the sum of
/// the weights' absolute values.
package struct Blends: Sendable, Equatable {
    /// Nil: no users.
    package let users: WeightedLists?
    /// Nil: no items.
    package let items: WeightedLists?
    /// Nil: no vectors.
    package let vectors: WeightedVectors?
    /// Number of blends.
    package let count: Int

    /// Nil unless there is a list, and all lists are for as many queries.
    package init?(
        users: WeightedLists? = nil, items: WeightedLists? = nil, vectors: WeightedVectors? = nil
    ) {
        let counts = [users?.count, items?.count, vectors?.count].compactMap { $0 }
        guard let count = counts.first, counts.allSatisfy({ $0 == count }) else { return nil }
        self.users = users
        self.items = items
        self.vectors = vectors
        self.count = count
    }
}

/// Lists of vectors with weights. List i has the vectors `offsets[i] ..< offsets[i + 1]`.
package struct WeightedVectors: Sendable, Equatable {
    /// All vectors, row-major.
    package let elements: [Float]
    /// One more than there are lists; begins with 0 and never descends.
    package let offsets: [UInt32]
    /// One weight per vector; nil when all are 1.
    package let weights: [Float]?
    /// Elements of a vector; 0 where there is none.
    package let dimension: Int

    /// Number of lists.
    package var count: Int { offsets.count - 1 }

    /// Nil unless the offsets begin with 0 and never descend, the elements are as many vectors as the offsets end with,
    /// and there are as many weights, if any.
    package init?(elements: [Float], offsets: [UInt32], weights: [Float]?) {
        guard offsets.first == 0, let last = offsets.last, zip(offsets, offsets.dropFirst()).allSatisfy(<=)
        else { return nil }
        let vectorCount = Int(last)
        guard elements.isEmpty == (vectorCount == 0), vectorCount == 0 || elements.count % vectorCount == 0,
            weights.map({ $0.count == vectorCount }) ?? true
        else { return nil }
        self.elements = elements
        self.offsets = offsets
        self.weights = weights
        dimension = vectorCount == 0 ? 0 : elements.count / vectorCount
    }
}

extension Blends {
    /// Members of blend `index`, of all kinds.
    package func memberCount(of index: Int) -> Int {
        [users?.offsets, items?.offsets, vectors?.offsets].reduce(0) { count, offsets in
            count + (offsets.map { Int($0[index + 1] - $0[index]) } ?? 0)
        }
    }
}
