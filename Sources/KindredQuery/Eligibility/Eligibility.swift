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

/// Rows that must not be in an answer: a list that several queries may share, and the query's own.
package struct Exclusions: Sendable {
    package var shared: RowSet?
    /// The query's own list with the rows it was made of; nil or empty where there are none.
    package var own: RowSet?

    package init(shared: RowSet? = nil, own: RowSet? = nil) {
        self.shared = shared
        self.own = own
    }

    package var isEmpty: Bool { shared == nil && own == nil }

    package func contains(_ row: UInt32) -> Bool {
        (shared?.contains(row) ?? false) || (own?.contains(row) ?? false)
    }

    /// Distinct rows.
    package var count: Int {
        guard let own else { return shared?.count ?? 0 }
        guard let shared else { return own.count }
        return shared.count + own.rows.count { !shared.contains($0) }
    }
}
