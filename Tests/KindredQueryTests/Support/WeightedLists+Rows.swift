import KindredDomain
import KindredQuery

extension WeightedLists {
    /// A list for each query, of rows of a sample generation, whose ids are 0, 3, 6, ... A row of nil is an unknown id.
    static func rows(_ lists: [[(row: Int?, weight: Float)]]) -> WeightedLists {
        let members = lists.flatMap { $0 }
        var offsets: [UInt32] = [0]
        for list in lists { offsets.append(offsets.last! + UInt32(list.count)) }
        let ids = IDList.numbers(members.map { $0.row.map { UInt64($0) * 3 } ?? 1 })
        return WeightedLists(
            members: RaggedIDs(ids: ids, offsets: offsets)!, weights: members.map(\.weight))!
    }
}

extension QueryVector {
    /// The bits of the elements.
    func bits(dimension: Int) -> [UInt32] {
        withElements { elements in (0..<dimension).map { elements[$0].bitPattern } }
    }
}

extension LookedUp {
    /// `known`, `empty` or `fallback`, with the number of unknown ids.
    var summary: String {
        switch self {
        case .known(_, let count): "known, \(count) unknown"
        case .empty(let count): "empty, \(count) unknown"
        case .fallback(let count): "fallback, \(count) unknown"
        }
    }
}
