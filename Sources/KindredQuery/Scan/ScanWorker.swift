/// One thread's share of the answers while it works on a batch.
package struct ScanWorker: Sendable {
    /// By query. Queries on the int8 path have none before their scanner has finished, except for rows that boosts
    /// list.
    private(set) var tops: [TopRows?]
    /// By group of the int8 path; nil where the thread has taken no unit of the group.
    var scanners: [Int8Scanner?]
    /// The rest of a unit of the int8 path that the thread has begun.
    var unitLeft: Int8Queries.Unit?
    var unitsDone = 0
    /// Groups whose scanners have handed over their selections.
    private var groupsFinished = 0
    /// Queries whose selections are sorted, where they are large.
    private var settledCount = 0

    init(queryCount: Int, groupCount: Int) {
        tops = Array(repeating: nil, count: queryCount)
        scanners = Array(repeating: nil, count: groupCount)
    }

    /// Changes the selection of a query.
    mutating func update(_ index: Int, query: PlannedQuery, _ body: (inout TopRows) -> Void) {
        var top = tops[index] ?? TopRows(k: query.fetchCount, minimumScore: query.minimumScore)
        tops[index] = nil
        body(&top)
        tops[index] = top
    }

    /// Adds the rows that a scanner found to those that a query has already.
    private mutating func add(_ top: TopRows, _ index: Int) {
        if tops[index] == nil { tops[index] = top } else { tops[index]?.merge(top) }
    }

    /// Finishes the selection of one query: takes it from the int8 path, or sorts a large one. False where all are
    /// finished.
    mutating func finishOne() -> Bool {
        while groupsFinished < scanners.count {
            if let (index, top) = scanners[groupsFinished]?.finishNext() {
                if let top { add(top, index) }
                return true
            }
            groupsFinished += 1
        }
        while settledCount < tops.count {
            settledCount += 1
            if tops[settledCount - 1]?.settle() == true { return true }
        }
        return false
    }
}
