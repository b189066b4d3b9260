/// The rows of the least hashes among those inserted, at most `countMax`.
package struct LeastHashes {
    package let countMax: Int
    /// Those that may be among the least, in no order.
    private var kept: [HashedRow] = []
    /// The greatest of the least after the last cut, if there were so many.
    private var bound: HashedRow?

    /// `countMax` is at least 1.
    package init(countMax: Int) { self.countMax = countMax }

    package mutating func insert(_ row: HashedRow) {
        if let bound, row >= bound { return }
        kept.append(row)
        if kept.count >= 2 * countMax { cut() }
    }

    /// Inserts what others have kept.
    mutating func insert(_ others: LeastHashes) { for row in others.kept { insert(row) } }

    /// None of the others, but what keeps rows out that are not among the least.
    func empty() -> LeastHashes {
        var result = LeastHashes(countMax: countMax)
        result.bound = bound
        return result
    }

    /// The rows in ascending order.
    package mutating func finish() -> [HashedRow] {
        cut()
        return kept
    }

    private mutating func cut() {
        kept.sort()
        if kept.count > countMax { kept.removeLast(kept.count - countMax) }
        // A row that equals the bound is the bound, which is inserted once.
        if kept.count == countMax { bound = kept[countMax - 1] }
    }
}
