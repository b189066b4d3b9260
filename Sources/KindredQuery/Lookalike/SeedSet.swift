import KindredDomain

/// The seeds of an expansion as they arrive: rows that matched, and counts of the ids that did not.
package struct SeedSet: Sendable {
    /// Bit r is set where row r is a seed.
    package private(set) var rows: Bitmap
    package private(set) var receivedCount: UInt64 = 0
    package private(set) var matchedCount: UInt64 = 0
    package private(set) var duplicateCount: UInt64 = 0
    package private(set) var unmatchedCount: UInt64 = 0
    /// The first unmatched seeds, at most `Limits.unmatchedExamplesMax`.
    package private(set) var unmatchedExamples: [ExternalID] = []
    private let exampleCountMax: Int

    package init(rowCount: Int, limits: Limits) {
        rows = Bitmap(count: rowCount)
        exampleCountMax = Int(limits.unmatchedExamplesMax)
    }

    /// Adds the seeds `range` of `ids`. A seed counts once, however often it comes.
    package mutating func insert(
        _ ids: IDList, _ range: Range<Int>, resolver: IDResolver
    ) throws(RequestFailure) {
        for position in range {
            receivedCount += 1
            guard let row = try resolver.row(ids, position) else {
                unmatchedCount += 1
                if unmatchedExamples.count < exampleCountMax, !unmatchedExamples.contains(ids[position]) {
                    unmatchedExamples.append(ids[position])
                }
                continue
            }
            if rows.insert(Int(row)) { matchedCount += 1 } else { duplicateCount += 1 }
        }
    }
}
