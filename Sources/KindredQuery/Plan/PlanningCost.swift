import KindredDomain

/// The cost of a request beside its reply, as it is estimated before the first step: queries are taken to need few
/// further scans, and filters with `seed.` columns to meet few values. Limits bound what a request takes in any case.
package struct PlanningCost: Sendable, Equatable {
    /// The time until it is planned, in look-ups of one id.
    package var lookups = 0
    /// Rows that the scan of one query finds, at most.
    package var fetchCountMax = 0
    /// Rows that its rank stage looks at.
    package var rankedRows = 0
    /// Bytes that it holds while it is scanned and ranked, beside its body and its reply.
    package var byteCount = 0

    /// Adds the memory of the rows that scans find. Each is a ranking key, in an array that may have twice the room.
    mutating func hold(foundCount: Int) { byteCount += foundCount * 2 * MemoryLayout<RankingKey>.stride }
}
