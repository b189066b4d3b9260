import KindredKernels

/// Rows that a scan of codes has kept and whose vectors were prefetched, each with the slot of its query, in the order
/// in which they are scored.
///
/// A bounded list in memory lent by the owner.
package struct RescoreBuffer {
    /// Enough rows to hide the time that memory takes, and few enough that prefetched vectors are still in a cache.
    package static let countMax = 16

    package private(set) var count = 0
    let pairs: UnsafeMutablePointer<Canonical.Pair>
    let sums: UnsafeMutablePointer<Double>

    /// An empty list. `pairs` and `sums` have room for `countMax`.
    package init(pairs: UnsafeMutablePointer<Canonical.Pair>, sums: UnsafeMutablePointer<Double>) {
        self.pairs = pairs
        self.sums = sums
    }

    package var isFull: Bool { count == Self.countMax }

    /// Appends a row. The list must not be full: debug builds check it, since this runs for every row that is kept.
    @inline(__always)
    package mutating func append(_ row: UInt32, slot: Int) {
        assert(count < Self.countMax, "a rescore buffer holds \(Self.countMax) rows")
        (pairs + count).initialize(to: Canonical.Pair(query: UInt32(truncatingIfNeeded: slot), row: row))
        count += 1
    }

    /// Finds the canonical sums of the rows and empties the list. Returns the number of rows; `pairs` and `sums` have
    /// them until the next append. `queries` are the slots' vectors, widened.
    mutating func drain(
        queries: UnsafePointer<Double>, rows: UnsafePointer<Float>, dimension: Int
    ) -> Int {
        Canonical.sums(
            of: pairs, count: count, queries: queries, rows: rows, dimension: dimension, into: sums)
        defer { count = 0 }
        return count
    }
}
