import KindredModel

/// The rows that are left for the further scans of one query.
///
/// Between two scans rows are removed in place: no scan reads them then.
struct EligibleRows {
    private enum Rows {
        case masked(RowMask)
        case listed(RowSet, removed: RowSet)
    }

    private var rows: Rows

    /// The rows of a query's source. Exclusions are not part of it.
    init(of eligibility: Eligibility, codes: Int8Codes) {
        switch eligibility.source {
        case .all: rows = .masked(RowMask(allOf: codes))
        case .masked(let mask): rows = .masked(RowMask(copyOf: mask))
        case .listed(let list): rows = .listed(list, removed: RowSet(capacity: list.count))
        }
    }

    /// Removes rows, as far as they are there.
    func remove(_ removed: ArraySlice<UInt32>) {
        switch rows {
        case .masked(let mask): mask.remove(removed)
        case .listed(let list, let known): for row in removed where list.contains(row) { known.insert(row) }
        }
    }

    var isEmpty: Bool {
        switch rows {
        case .masked(let mask): mask.count == 0
        case .listed(let list, let removed): list.count == removed.count
        }
    }

    /// The rows that are left, as a scan reads them: as a list where they are few.
    mutating func source(_ planner: ScanPlanner) -> Eligibility.Source {
        let kept: RowSet
        switch rows {
        case .masked(let mask):
            guard planner.listsCandidates(mask.count) else { return .masked(mask) }
            kept = RowSet(capacity: mask.count)
            mask.forEachRow { kept.insert($0) }
        case .listed(let list, let removed):
            kept = RowSet(capacity: list.count - removed.count)
            for row in list.rows where !removed.contains(row) { kept.insert(row) }
        }
        rows = .listed(kept, removed: RowSet(capacity: kept.count))
        return .listed(kept)
    }
}
