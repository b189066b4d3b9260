/// One thread's selections while it works on a batch.
package struct ScanWorker: Sendable {
    /// By query, of those that are not scanned as codes.
    private(set) var tops: [TopRows?]
    /// Per group of coded queries, where it has taken a unit of it.
    var coded: [Int8Scanner?]
    /// What is left of a unit that it has begun.
    var unitLeft: CodedGroups.Unit?
    var unitsDone = 0
    /// How many of the groups have handed over their selections.
    private var groupsFinished = 0

    init(queryCount: Int, groupCount: Int) {
        tops = Array(repeating: nil, count: queryCount)
        coded = Array(repeating: nil, count: groupCount)
    }

    /// Changes what is known of a query.
    mutating func update(_ index: Int, query: PlannedQuery, _ body: (inout TopRows) -> Void) {
        var top = tops[index] ?? TopRows(k: query.fetchCount, minimumScore: query.minimumScore)
        tops[index] = nil
        body(&top)
        tops[index] = top
    }

    /// Ends one query of those that were scanned as codes. False where all have ended.
    mutating func finishOne() -> Bool {
        while groupsFinished < coded.count {
            if let (index, top) = coded[groupsFinished]?.finishNext() {
                tops[index] = top
                return true
            }
            groupsFinished += 1
        }
        return false
    }
}
