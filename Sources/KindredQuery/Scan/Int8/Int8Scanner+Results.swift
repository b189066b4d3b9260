/// What a scanner hands over when its thread is done.
extension Int8Scanner {
    /// Adds this thread's counts to those of the batch's queries.
    func addCounts(to results: inout [ScanResult]) {
        for slot in 0..<shared.count {
            let index = members[slot].index
            results[index].counts.rowsScanned += counts[slot].rowsScanned
            results[index].counts.rowsRescored += counts[slot].rowsRescored
        }
    }

    /// Keys that one call sorts.
    private static let sortedPerCall = 4_096

    /// Turns the next query's rows into its selection, once no more rows come; a selection of many rows takes several
    /// calls, and those before its last one have none. A dense query has no selection. Nil after the last query.
    func finishNext() -> (index: Int, top: TopRows?)? {
        guard nextFinished < shared.count else { return nil }
        scorePending()
        let slot = nextFinished
        let index = members[slot].index
        let isDense = shared.isDense(slot)
        if !isDense, !best[slot].sort(atMost: Self.sortedPerCall) { return (index, nil) }
        nextFinished += 1
        if isDense { return (index, nil) }
        best[slot].raiseThreshold(to: shared.threshold(slot))
        return (index, best[slot].selection(k: queries[index].fetchCount))
    }
}
