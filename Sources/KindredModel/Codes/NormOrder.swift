import KindredSystem

/// Rows by descending norm, those of equal norm by ascending row: the order of a table's codes.
enum NormOrder {
    private static let digitBits = 11
    private static let digits = 6

    /// The rows in that order, as `UInt32`. `norms` are `count` numbers of at least 0; O(count).
    ///
    /// A radix sort, least digit first: it is stable and starts with ascending rows. Complemented bits of
    /// non-negative float64 ascend where the numbers descend.
    static func rows(
        norms: UnsafePointer<Double>, count: Int, file: String
    ) throws(FileFailure) -> MemoryRegion {
        let keyRegions = [
            try MemoryRegion.zeroed(byteCount: count * 8, for: file),
            try MemoryRegion.zeroed(byteCount: count * 8, for: file),
        ]
        let rowRegions = [
            try MemoryRegion.zeroed(byteCount: count * 4, for: file),
            try MemoryRegion.zeroed(byteCount: count * 4, for: file),
        ]
        // A pointer into a region does not keep it alive.
        defer { withExtendedLifetime((keyRegions, rowRegions)) {} }
        let keys = keyRegions.map { $0.mutableBytes.bindMemory(to: UInt64.self).baseAddress! }
        let rows = rowRegions.map { $0.mutableBytes.bindMemory(to: UInt32.self).baseAddress! }
        var from = 0
        withUnsafeTemporaryAllocation(of: Int.self, capacity: digits << digitBits) { counts in
            counts.initialize(repeating: 0)
            for row in 0..<count {
                let key = ~norms[row].bitPattern
                keys[0][row] = key
                rows[0][row] = UInt32(truncatingIfNeeded: row)
                for digit in 0..<digits { counts[slot(of: key, digit)] &+= 1 }
            }
            for digit in 0..<digits where !isConstant(counts, digit: digit, first: keys[0][0], count: count) {
                var next = 0
                for slot in digit << digitBits..<(digit + 1) << digitBits {
                    next &+= exchange(&counts[slot], next)
                }
                let (fromKeys, fromRows, toKeys, toRows) = (
                    keys[from], rows[from], keys[1 - from], rows[1 - from]
                )
                for index in 0..<count {
                    let key = fromKeys[index]
                    let slot = slot(of: key, digit)
                    let target = counts[slot]
                    counts[slot] = target &+ 1
                    toKeys[target] = key
                    toRows[target] = fromRows[index]
                }
                from = 1 - from
            }
        }
        return rowRegions[from]
    }

    /// Where the count of a key's digit is.
    @inline(__always)
    private static func slot(of key: UInt64, _ digit: Int) -> Int {
        let value = Int(truncatingIfNeeded: key &>> UInt64(digit &* digitBits)) & (1 << digitBits &- 1)
        return digit << digitBits | value
    }

    /// Whether all keys agree in a digit, so that its pass would move nothing.
    private static func isConstant(
        _ counts: UnsafeMutableBufferPointer<Int>, digit: Int, first: UInt64, count: Int
    ) -> Bool {
        counts[slot(of: first, digit)] == count
    }

    /// Stores a value; what was there before.
    @inline(__always)
    private static func exchange(_ place: inout Int, _ value: Int) -> Int {
        defer { place = value }
        return place
    }
}
