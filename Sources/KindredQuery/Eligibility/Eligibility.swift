/// Which rows may be in the answer of one RECOMMEND query: everything that a request says about it, compiled into one
/// value.
///
/// Every scan reads this value and nothing else, so a new kind of rule is compiled into it and adds no stage to the
/// planner. A look-alike excludes rows by a bitmap of its own (`AudienceQuery`).
package struct Eligibility: Sendable {
    /// The rows that an answer is chosen from, before exclusions.
    package enum Source: Sendable {
        /// All rows of the side.
        case all
        /// The rows of a mask: a scan skips the others.
        case masked(RowMask)
        /// So few rows that they are scored one by one.
        case listed(RowSet)
    }

    package var source: Source
    package var exclusions: Exclusions
    /// Rows that may be in the answer.
    package var count: Int

    package init(source: Source = .all, exclusions: Exclusions = Exclusions(), count: Int) {
        self.source = source
        self.exclusions = exclusions
        self.count = count
    }

    /// The mask of a scan; nil where a scan reads all rows.
    package var mask: RowMask? {
        guard case .masked(let mask) = source else { return nil }
        return mask
    }

    /// The list that is scored one by one; nil where the rows are scanned.
    package var list: RowSet? {
        guard case .listed(let rows) = source else { return nil }
        return rows
    }

    /// True where a scan may return every row it meets.
    var permitsAll: Bool {
        guard case .all = source else { return false }
        return exclusions.isEmpty
    }

    /// True where a scan may return the row.
    func permits(_ row: UInt32) -> Bool {
        !exclusions.contains(row) && mask?.contains(row: row) ?? true
    }

    /// True where the row may be in the answer, whatever the source.
    func permits(listed row: UInt32) -> Bool { permits(row) && list?.contains(row) ?? true }
}

/// Rows that must not be in an answer: a list that several queries may share, the query's own, and the items that its
/// user has seen.
package struct Exclusions: Sendable {
    package var shared: RowSet?
    /// The query's own list with the rows it was made of; nil or empty where there are none.
    package var own: RowSet?
    /// Nil where seen items may be in the answer.
    package var seen: SeenRows?

    package init(shared: RowSet? = nil, own: RowSet? = nil, seen: SeenRows? = nil) {
        self.shared = shared
        self.own = own
        self.seen = seen
    }

    package var isEmpty: Bool { shared == nil && own == nil && seen == nil }

    package func contains(_ row: UInt32) -> Bool {
        isListed(row) || (seen?.contains(row) ?? false)
    }

    /// Distinct rows.
    package var count: Int {
        if let seen, shared == nil, own == nil { return seen.count }
        var count = shared?.count ?? 0
        if let own { count += shared.map { shared in own.rows.count { !shared.contains($0) } } ?? own.count }
        seen?.forEach { if !isListed($0) { count += 1 } }
        return count
    }

    /// Rows of a set that are excluded, each once.
    package func count(among contains: (UInt32) -> Bool) -> Int {
        var count = 0
        for row in shared?.rows ?? [] where contains(row) { count += 1 }
        return count + ownCount(among: contains)
    }

    /// The same without those of the list that several queries may share.
    func ownCount(among contains: (UInt32) -> Bool) -> Int {
        var count = 0
        for row in own?.rows ?? [] where contains(row) && !(shared?.contains(row) ?? false) { count += 1 }
        seen?.forEach { if contains($0), !isListed($0) { count += 1 } }
        return count
    }

    /// Whether one of the lists has the row.
    private func isListed(_ row: UInt32) -> Bool {
        (shared?.contains(row) ?? false) || (own?.contains(row) ?? false)
    }
}

extension RowMask {
    /// Rows of the set that are not excluded.
    package func count(without exclusions: Exclusions) -> Int {
        count - exclusions.count(among: { contains(row: $0) })
    }
}
