import KindredDomain
import KindredModel

/// A member of a basket, a blend or a fold-in: a row and its weight.
struct WeightedRow {
    let row: UInt32
    let weight: Float
}

/// Turns lists of ids with weights into rows.
struct MemberResolver {
    /// What the members are for. It decides which weights have a meaning.
    enum Use {
        case basket
        case blend
        case foldIn
    }

    let table: VectorTable
    let use: Use
    let policy: UnknownIDPolicy

    /// The known members of list `index`, in ascending order of rows, and the number of unknown ones. Weight breaks
    /// ties, so that the order of a duplicate member in the request does not change a bit.
    ///
    /// Throws for the first member, in the order of the request, that is unknown under the strict policy, or whose
    /// weight has no meaning.
    @inline(__always)
    func rows(
        _ lists: WeightedLists, _ index: Int
    ) throws(RequestFailure) -> (rows: [WeightedRow], unknownCount: Int) {
        let range = Int(lists.offsets[index])..<Int(lists.offsets[index + 1])
        let resolver = IDResolver(table: table)
        var rows: [WeightedRow] = []
        var unknownCount = 0
        rows.reserveCapacity(range.count)
        for position in range {
            guard let row = try resolver.row(lists.members, position) else {
                if policy == .strict { throw .unknownID(lists.members[position], table.side) }
                try check(lists.weights?[position] ?? 1, position - range.lowerBound)
                unknownCount += 1
                continue
            }
            let weight = lists.weights?[position] ?? 1
            try check(weight, position - range.lowerBound)
            rows.append(WeightedRow(row: row, weight: weight))
        }
        rows.sort { ($0.row, $0.weight) < ($1.row, $1.weight) }
        return (rows, unknownCount)
    }

    /// Throws where a member's weight has no meaning.
    @inline(__always)
    private func check(_ weight: Float, _ member: Int) throws(RequestFailure) {
        guard weight.isFinite, use != .foldIn || weight > 0 else { throw failure(weight, member) }
    }

    private func failure(_ weight: Float, _ member: Int) -> RequestFailure {
        switch use {
        case .basket: .invalidArgument(.weightNotFinite(member: member, value: weight))
        case .blend:
            .invalidArgument(
                .members(
                    .blendWeightNotFinite(table.side == .users ? .user(member) : .item(member), weight)))
        case .foldIn: .invalidArgument(.members(.foldInWeight(item: member, value: weight)))
        }
    }
}

extension MeanVector {
    /// Adds rows of a table. They are in ascending order.
    @inline(__always)
    mutating func add(_ members: [WeightedRow], of table: VectorTable) {
        for member in members { add(table.vector(ofRow: member.row), weight: member.weight) }
    }
}
