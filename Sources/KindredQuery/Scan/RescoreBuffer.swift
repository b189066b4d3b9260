import KindredKernels

/// Rows that a scan of codes has kept and whose vectors were asked for, each with the slot of its query, in the order
/// in which they are scored.
///
/// A bounded list in memory lent by the owner.
struct RescoreBuffer {
    /// Enough to hide that vectors lie anywhere in memory, and few enough that what was asked for is still in a cache.
    static let countMax = 16

    private(set) var count = 0
    let pairs: UnsafeMutablePointer<Canonical.Pair>
    let sums: UnsafeMutablePointer<Double>

    /// None yet. `pairs` and `sums` have room for `countMax`.
    init(pairs: UnsafeMutablePointer<Canonical.Pair>, sums: UnsafeMutablePointer<Double>) {
        self.pairs = pairs
        self.sums = sums
    }

    var isFull: Bool { count == Self.countMax }

    /// Appends a row, where the list is not full.
    mutating func append(_ row: UInt32, slot: Int) {
        (pairs + count).initialize(to: Canonical.Pair(query: UInt32(truncatingIfNeeded: slot), row: row))
        count += 1
    }

    /// Finds the canonical sums of the rows, and forgets them. How many there were: `pairs` and `sums` have them until
    /// the next one is appended. `queries` are the slots' vectors, widened.
    mutating func drain(
        queries: UnsafePointer<Double>, rows: UnsafePointer<Float>, dimension: Int
    ) -> Int {
        Canonical.sums(
            of: pairs, count: count, queries: queries, rows: rows, dimension: dimension, into: sums)
        defer { count = 0 }
        return count
    }
}
