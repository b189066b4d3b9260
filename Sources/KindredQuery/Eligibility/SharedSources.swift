import KindredDomain

/// The sources that the queries of one request share: one for each distinct mask of its filters, with the candidates
/// that all queries have.
///
/// A list of rows takes memory and time, so none is made twice, and all of a request together are bounded. A filter
/// whose list would be too much is scanned by its mask instead, which finds the same rows.
struct SharedSources {
    /// The rows of a source, before the query's own exclusions.
    struct Shared {
        let source: Eligibility.Source
        /// Rows of the source.
        let count: Int
        /// Rows of the source that are in the exclusions that all queries share.
        let excludedCount: Int
        /// Held, since its owner's identity is the key.
        fileprivate let filter: RowMask?
    }

    /// The list of a filter's rows, as far as it is made.
    private struct Making {
        let filter: RowMask
        let rows: RowSet
        private var next = 0

        init(_ filter: RowMask) {
            self.filter = filter
            rows = RowSet(capacity: filter.count)
        }

        /// Goes on for about `budget` look-ups of one id. True once all rows are in the list.
        mutating func step(_ budget: inout Int) -> Bool {
            while next < filter.blockCount {
                guard budget > 0 else { return false }
                let end = min(next + SharedSources.readRowsPerID / 16, filter.blockCount)
                let before = rows.count
                filter.forEachRow(inBlocks: next..<end) { rows.insert($0) }
                budget -= 1 + (rows.count - before) / SharedSources.listedRowsPerID
                next = end
            }
            return true
        }
    }

    private let planner: ScanPlanner
    private let byteCountMax: Int
    /// Bytes of the lists and masks that were made.
    private var byteCount = 0
    /// By the owner of the filter's mask.
    private var known: [ObjectIdentifier?: Shared] = [:]
    /// The last list that was made for one query alone. The next query often has the same values.
    private var lastOwn: Shared?
    private var making: Making?
    /// Look-ups of one id that take as long as what was looked at since the last `takeCost`.
    private var cost = 0

    init(planner: ScanPlanner, byteCountMax: Int) {
        self.planner = planner
        self.byteCountMax = byteCountMax
    }

    /// Rows of masks that are read in about the time of looking up one id.
    private static let readRowsPerID = 1_024
    /// Rows that are put into a list, or looked up in one, in about the time of looking up one id.
    private static let listedRowsPerID = 8

    /// The cost of a list of the rows of a filter's mask, in look-ups of one id.
    static func cost(listing count: Int, ofRows rowCount: Int) -> Int {
        rowCount / readRowsPerID + count / listedRowsPerID
    }

    /// The cost of what was looked at since the last call, in look-ups of one id. Lists of filters are not in it.
    mutating func takeCost() -> Int {
        defer { cost = 0 }
        return cost
    }

    /// The source of a filter, of candidates, or of both. `exclusions` are those that all queries share, and
    /// `sharerCount` queries have the source. Throws where both together take too much memory.
    mutating func source(
        _ filter: RowMask?, among candidates: RowSet?, without exclusions: RowSet?, sharerCount: Int,
        fetchCount: Int
    ) throws(RequestFailure) -> Shared {
        let key = filter?.owner
        if let known = known[key] { return known }
        if let lastOwn, let key, lastOwn.filter?.owner == key { return lastOwn }
        let source: Eligibility.Source
        let count: Int
        if let candidates {
            let rows = filter?.intersection(candidates) ?? candidates
            if filter != nil { cost += candidates.count / Self.listedRowsPerID }
            count = rows.count
            source = planner.source(of: rows, sharerCount: sharerCount, fetchCount: fetchCount)
            // Candidates alone are one source, and no larger than their ids.
            if filter != nil { try hold(source) }
        } else if let filter {
            count = filter.count
            source = self.source(filter, sharerCount: sharerCount, fetchCount: fetchCount)
        } else {
            (source, count) = (.all, planner.side.table.count)
        }
        let excluded =
            exclusions?.rows.count { row in
                (candidates?.contains(row) ?? true) && (filter?.contains(row: row) ?? true)
            } ?? 0
        cost += (exclusions?.count ?? 0) / Self.listedRowsPerID
        let shared = Shared(source: source, count: count, excludedCount: excluded, filter: filter)
        // Of the lists of queries with masks of their own, the last one is kept: each holds its mask.
        if case .listed = source, filter != nil, sharerCount == 1 {
            lastOwn = shared
        } else {
            known[key] = shared
        }
        return shared
    }

    /// Makes the list of a filter's rows, where it needs one, for about `budget` look-ups of one id. True once it is
    /// made. `source` does what is left.
    mutating func prepare(
        _ filter: RowMask, sharerCount: Int, fetchCount: Int, _ budget: inout Int
    ) -> Bool {
        guard known[filter.owner] == nil, lastOwn?.filter?.owner != filter.owner,
            lists(filter, sharerCount: sharerCount, fetchCount: fetchCount)
        else { return true }
        if making?.filter.owner != filter.owner { making = Making(filter) }
        return making?.step(&budget) ?? true
    }

    /// True where the rows of a filter are few, and their list has room.
    private func lists(_ filter: RowMask, sharerCount: Int, fetchCount: Int) -> Bool {
        filter.count < planner.side.table.count
            && planner.lists(filter.count, sharerCount: sharerCount, fetchCount: fetchCount)
            && (byteCount == 0 || byteCount + RowSet.byteCount(capacity: filter.count) <= byteCountMax)
    }

    /// The source of a filter: its mask in place of a list that has no room.
    private mutating func source(
        _ filter: RowMask, sharerCount: Int, fetchCount: Int
    ) -> Eligibility.Source {
        guard lists(filter, sharerCount: sharerCount, fetchCount: fetchCount) else {
            return filter.count < planner.side.table.count ? .masked(filter) : .all
        }
        var budget = Int.max
        _ = prepare(filter, sharerCount: sharerCount, fetchCount: fetchCount, &budget)
        let rows = making?.rows ?? filter.rowSet()
        making = nil
        byteCount += RowSet.byteCount(capacity: filter.count)
        return .listed(rows)
    }

    /// Counts the bytes of what was made of candidates that pass a filter.
    private mutating func hold(_ source: Eligibility.Source) throws(RequestFailure) {
        let more: Int
        switch source {
        case .all: more = 0
        case .listed(let rows): more = RowSet.byteCount(capacity: rows.count)
        case .masked:
            more = MaskWords.byteCount(blockCount: planner.side.codes.blockCount)
            cost += planner.side.table.count / Self.readRowsPerID
        }
        // The only source of a request has room.
        guard byteCount == 0 || byteCount + more <= byteCountMax else {
            throw .limitExceeded(
                .maskBytes, found: UInt64(byteCount + more), limit: UInt64(byteCountMax))
        }
        byteCount += more
    }
}
