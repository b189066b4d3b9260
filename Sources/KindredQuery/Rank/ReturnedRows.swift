import KindredDomain

/// Where the queries of a request are distinct, the rows that are returned so far, and how many of them a query could
/// have had. In steps.
///
/// Queries of one source share a count of the returned rows that it has, so each row is looked at once for a source,
/// not once for a query. What a query excludes for itself is taken off.
struct ReturnedRows {
    /// What queries may share: the rows of a source without those of the shared exclusions.
    private struct Key: Hashable {
        let source: ObjectIdentifier?
        let exclusions: ObjectIdentifier?

        init(_ eligibility: Eligibility) {
            exclusions = eligibility.exclusions.shared.map { ObjectIdentifier($0) }
            switch eligibility.source {
            case .all: source = nil
            case .masked(let mask): source = mask.owner
            case .listed(let rows): source = ObjectIdentifier(rows)
            }
        }
    }

    /// Of the first `lookedAt` returned rows, so many are in the source.
    private struct Count {
        var lookedAt = 0
        var found = 0
    }

    /// The count for one query, as far as it has come.
    private enum Phase {
        case shared
        /// The rows of a short list from this one on are not looked up.
        case list(next: Int, count: Int)
        /// The query's own exclusions from this one on are not looked up.
        case own(next: Int, count: Int)
        /// The returned rows from this one on are not looked up among those seen.
        case seen(next: Int, count: Int)
    }

    let rows: RowSet
    private var counts: [Key: Count] = [:]
    private var phase = Phase.shared

    /// Seen rows that are looked up in one step.
    private static let seenAtOnceMax = 2_048

    init(capacity: Int) { rows = RowSet(capacity: capacity) }

    func insert(_ keys: [RankingKey]) { for key in keys { rows.insert(key.row) } }

    /// Returned rows that a query could have had, after looking at about `budget` rows; nil while there is more to do.
    /// No row is inserted before the count is there.
    mutating func count(among eligibility: Eligibility, _ budget: inout Int) -> Int? {
        while budget > 0 {
            switch phase {
            case .shared: countShared(eligibility, &budget)
            case .list(let next, let count): countList(eligibility, next, count, &budget)
            case .own(let next, let count): takeOffOwn(eligibility, next, count, &budget)
            case .seen(let next, let count):
                guard let left = takeOffSeen(eligibility, next, count, &budget) else { continue }
                phase = .shared
                return left
            }
        }
        return nil
    }

    private mutating func countShared(_ eligibility: Eligibility, _ budget: inout Int) {
        let key = Key(eligibility)
        if counts[key] == nil, let list = eligibility.list, list.count < rows.count {
            phase = .list(next: 0, count: 0)
            return
        }
        var known = counts[key] ?? Count()
        let end = min(known.lookedAt + budget, rows.count)
        budget -= 1 + end - known.lookedAt
        for row in rows.rows[known.lookedAt..<end] where Self.isShared(row, eligibility) { known.found += 1 }
        known.lookedAt = end
        counts[key] = known
        if end == rows.count { phase = .own(next: 0, count: known.found) }
    }

    private mutating func countList(
        _ eligibility: Eligibility, _ next: Int, _ before: Int, _ budget: inout Int
    ) {
        let list = eligibility.list?.rows ?? []
        let end = min(next + budget, list.count)
        budget -= 1 + end - next
        var count = before
        for row in list[next..<end] where rows.contains(row) && Self.isShared(row, eligibility) { count += 1 }
        phase = end < list.count ? .list(next: end, count: count) : .own(next: 0, count: count)
    }

    private mutating func takeOffOwn(
        _ eligibility: Eligibility, _ next: Int, _ before: Int, _ budget: inout Int
    ) {
        let own = eligibility.exclusions.own?.rows ?? []
        let end = min(next + budget, own.count)
        budget -= 1 + end - next
        var count = before
        for row in own[next..<end] where rows.contains(row) && Self.isShared(row, eligibility) { count -= 1 }
        phase = end < own.count ? .own(next: end, count: count) : .seen(next: 0, count: count)
    }

    /// The count without the rows that the query's users have seen; nil while there is more to do.
    private mutating func takeOffSeen(
        _ eligibility: Eligibility, _ next: Int, _ before: Int, _ budget: inout Int
    ) -> Int? {
        guard let seen = eligibility.exclusions.seen, rows.count > 0 else { return before }
        let own = eligibility.exclusions.own
        func isLost(_ row: UInt32) -> Bool {
            Self.isShared(row, eligibility) && !(own?.contains(row) ?? false)
        }
        var count = before
        if seen.count <= min(rows.count, Self.seenAtOnceMax) {
            budget -= 1 + seen.count
            seen.forEach { if rows.contains($0), isLost($0) { count -= 1 } }
            return count
        }
        let end = min(next + budget, rows.count)
        budget -= 1 + end - next
        for row in rows.rows[next..<end] where seen.contains(row) && isLost(row) { count -= 1 }
        phase = .seen(next: end, count: count)
        return end == rows.count ? count : nil
    }

    /// Whether a source has a row, and the shared exclusions do not.
    private static func isShared(_ row: UInt32, _ eligibility: Eligibility) -> Bool {
        !(eligibility.exclusions.shared?.contains(row) ?? false)
            && eligibility.mask?.contains(row: row) ?? true
            && eligibility.list?.contains(row) ?? true
    }
}
