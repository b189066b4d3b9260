import KindredKernels

/// Rows that a scan of codes has kept and whose vectors were asked for, each with the slot of its query, in the order
/// in which they are scored.
///
/// A bounded list in memory lent by the owner.
struct WantedRows {
    /// Enough to hide that vectors lie anywhere in memory, and few enough that what was asked for is still in a cache.
    static let countMax = 16

    private(set) var count = 0
    private let pairs: UnsafeMutablePointer<Canonical.Pair>
    private let sums: UnsafeMutablePointer<Double>

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

    /// Calls `body` with each row and its canonical sum, and forgets them. `queries` are the slots' vectors, widened.
    @inline(__always)
    mutating func drain(
        queries: UnsafePointer<Double>, rows: UnsafePointer<Float>, dimension: Int,
        _ body: (_ slot: Int, _ row: UInt32, _ sum: Double) -> Void
    ) {
        Canonical.sums(
            of: pairs, count: count, queries: queries, rows: rows, dimension: dimension, into: sums)
        for index in 0..<count { body(Int(pairs[index].query), pairs[index].row, sums[index]) }
        count = 0
    }
}
