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

    /// Appends the known members of list `index` to `rows`, in ascending order of rows. Weight breaks ties, so that the
    /// order of a duplicate member in the request does not change a bit. Returns the number of unknown members.
    ///
    /// Throws for the first member, in the order of the request, that is unknown under the strict policy, or whose
    /// weight has no meaning.
    func append(
        _ lists: WeightedLists, _ index: Int, to rows: inout [WeightedRow]
    ) throws(RequestFailure) -> Int {
        let range = Int(lists.offsets[index])..<Int(lists.offsets[index + 1])
        let resolver = IDResolver(table: table)
        var unknownCount = 0
        rows.reserveCapacity(rows.count + range.count)
        for position in range {
            let row = try resolver.row(lists.members, position)
            if row == nil, policy == .strict { throw .unknownID(lists.members[position], table.side) }
            let weight = lists.weights?[position] ?? 1
            guard weight.isFinite, use != .foldIn || weight > 0 else {
                throw failure(weight, position - range.lowerBound)
            }
            if let row {
                rows.append(WeightedRow(row: row, weight: weight))
            } else {
                unknownCount += 1
            }
        }
        rows.sort { ($0.row, $0.weight) < ($1.row, $1.weight) }
        return unknownCount
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
    mutating func add(_ members: [WeightedRow], of table: VectorTable) {
        for member in members { add(table.vector(ofRow: member.row), weight: member.weight) }
    }
}
