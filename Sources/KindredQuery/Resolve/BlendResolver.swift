import KindredDomain
import KindredModel

/// Turns blends into vectors.
///
/// A blend is the sum of weight times vector over the sum of the weights' absolute values. Both are summed in float64:
/// users in ascending order of rows, then items in ascending order of rows, then vectors in the order of the request;
/// duplicates in ascending order of weights. Each element is divided once and rounded once. So a blend of items alone
/// is a basket, bit for bit.
package struct BlendResolver {
    /// A blend's vector, and the rows that it is made of, ascending. A duplicate member is there as often as it was
    /// named.
    package struct Blend {
        package let vector: QueryVector
        package let users: [UInt32]
        package let items: [UInt32]
    }

    private let blends: Blends
    private let dimension: Int
    private let users: MemberResolver?
    private let items: MemberResolver?
    private let policy: UnknownIDPolicy

    /// Checks the parts that all blends share.
    package init(
        blends: Blends, generation: Generation, policy: UnknownIDPolicy = .strict
    ) throws(RequestFailure) {
        func resolver(_ lists: WeightedLists?, _ side: Side) throws(RequestFailure) -> MemberResolver? {
            guard lists != nil else { return nil }
            guard let side = generation.side(side) else { throw .invalidArgument(.sideMissing(side)) }
            return MemberResolver(table: side.table, use: .blend, policy: policy)
        }
        if let vectors = blends.vectors, !vectors.elements.isEmpty,
            vectors.dimension != generation.dimension
        {
            throw .dimensionMismatch(
                found: UInt64(vectors.dimension), expected: UInt64(generation.dimension))
        }
        self.blends = blends
        self.policy = policy
        dimension = generation.dimension
        users = try resolver(blends.users, .users)
        items = try resolver(blends.items, .items)
    }

    /// The vector of blend `index`. Throws for a member that has no meaning, or members that make no vector together.
    package func resolve(_ index: Int) throws(RequestFailure) -> LookedUp<Blend> {
        var mean = MeanVector(dimension: dimension)
        var unknownCount = 0
        let users = try add(blends.users, index, by: users, to: &mean, &unknownCount)
        let items = try add(blends.items, index, by: items, to: &mean, &unknownCount)
        let vectorCount = try addVectors(index, to: &mean)
        if policy == .strict, users.isEmpty, items.isEmpty, vectorCount == 0 {
            throw .invalidArgument(.members(.emptyBlend))
        }
        // Members without weight say nothing.
        if policy != .strict, mean.isWithoutWeight {
            return .nothing(policy, unknownCount: unknownCount)
        }
        guard let vector = mean.finish(), vector.norm > 0 else {
            throw .invalidArgument(.members(.blendCancels))
        }
        guard vector.norm <= Limits.normMax else { throw .invalidArgument(.normTooLarge(vector.norm)) }
        return .known(Blend(vector: vector, users: users, items: items), unknownCount: unknownCount)
    }

    /// Adds the known members of a list. Returns their rows.
    private func add(
        _ lists: WeightedLists?, _ index: Int, by resolver: MemberResolver?, to mean: inout MeanVector,
        _ unknownCount: inout Int
    ) throws(RequestFailure) -> [UInt32] {
        guard let lists, let resolver else { return [] }
        let (rows, count) = try resolver.rows(lists, index)
        unknownCount += count
        mean.add(rows, of: resolver.table)
        return rows.map(\.row)
    }

    /// Adds the vectors of a blend. Returns their number.
    private func addVectors(_ index: Int, to mean: inout MeanVector) throws(RequestFailure) -> Int {
        guard let vectors = blends.vectors else { return 0 }
        let range = Int(vectors.offsets[index])..<Int(vectors.offsets[index + 1])
        for position in range {
            let member = position - range.lowerBound
            let elements = vectors.elements[position * dimension..<(position + 1) * dimension]
            if let element = elements.firstIndex(where: { !$0.isFinite }) {
                let failure = MembersFailure.blendVectorNotFinite(
                    vector: member, element: element - elements.startIndex, value: elements[element])
                throw .invalidArgument(.members(failure))
            }
            let norm = elements.withUnsafeBufferPointer { QueryVector.norm(of: $0) }
            guard norm <= Limits.normMax else {
                throw .invalidArgument(.members(.blendNormTooLarge(vector: member, norm: norm)))
            }
            let weight = vectors.weights?[position] ?? 1
            guard weight.isFinite else {
                throw .invalidArgument(.members(.blendWeightNotFinite(.vector(member), weight)))
            }
            elements.withUnsafeBufferPointer { mean.add($0.baseAddress!, weight: weight) }
        }
        return range.count
    }
}
