import KindredSystem

/// Sorts rows by a descending number, rows of equal numbers by ascending row: the order of a table's codes, by norm,
/// and of popular items.
///
/// A radix sort with the least significant digit first. It is stable and starts with ascending rows, so equal numbers
/// keep the order of rows.
package enum DescendingOrder {
    private static let digitBits = 11
    private static let digits = 6

    /// Two arrays of keys and rows, between which each pass moves all elements.
    private struct Buffers {
        var keys: UnsafeMutableBufferPointer<UInt64>
        var rows: UnsafeMutableBufferPointer<UInt32>
    }

    /// The rows in that order. `numbers` are at least 0, and there is one at least. O(count). Throws without memory:
    /// 24 bytes a row while sorting, of which 4 stay; `file` names the rows in the failure.
    package static func rows(
        numbers: RegionColumn<Double>, file: String
    ) throws(FileFailure) -> RegionColumn<UInt32> {
        let count = numbers.count
        let keys = try MemoryRegion.zeroed(byteCount: 2 * count * MemoryLayout<UInt64>.stride, for: file)
        let rows = (
            try MemoryRegion.zeroed(byteCount: count * MemoryLayout<UInt32>.stride, for: file),
            try MemoryRegion.zeroed(byteCount: count * MemoryLayout<UInt32>.stride, for: file)
        )
        let isInFirst = numbers.withElements { numbers in
            keys.withMutableElements(of: UInt64.self) { keys in
                rows.0.withMutableElements(of: UInt32.self) { first in
                    rows.1.withMutableElements(of: UInt32.self) { second in
                        sort(
                            numbers,
                            Buffers(keys: UnsafeMutableBufferPointer(rebasing: keys[..<count]), rows: first),
                            Buffers(keys: UnsafeMutableBufferPointer(rebasing: keys[count...]), rows: second))
                    }
                }
            }
        }
        return RegionColumn(isInFirst ? rows.0 : rows.1)
    }

    /// Sorts with the help of two buffers of `numbers.count` elements each. Returns whether the sorted rows end up in
    /// `first`.
    private static func sort(_ numbers: UnsafeBufferPointer<Double>, _ first: Buffers, _ second: Buffers)
        -> Bool
    {
        let count = numbers.count
        var (source, target) = (first, second)
        var isInFirst = true
        withUnsafeTemporaryAllocation(of: Int.self, capacity: digits << digitBits) { counts in
            counts.initialize(repeating: 0)
            for row in 0..<count {
                // The complemented bits of non-negative float64 ascend as the numbers descend.
                let key = ~numbers[row].bitPattern
                source.keys[row] = key
                source.rows[row] = UInt32(truncatingIfNeeded: row)
                for digit in 0..<digits { counts[slot(of: key, digit)] &+= 1 }
            }
            // A digit that all keys share would move nothing.
            for digit in 0..<digits where counts[slot(of: source.keys[0], digit)] != count {
                var next = 0
                for slot in digit << digitBits..<(digit + 1) << digitBits {
                    let keysOfSlot = counts[slot]
                    counts[slot] = next
                    next &+= keysOfSlot
                }
                let (from, to) = (source, target)
                for index in 0..<count {
                    let key = from.keys[index]
                    let slot = slot(of: key, digit)
                    let place = counts[slot]
                    counts[slot] = place &+ 1
                    to.keys[place] = key
                    to.rows[place] = from.rows[index]
                }
                swap(&source, &target)
                isInFirst.toggle()
            }
        }
        return isInFirst
    }

    /// The index of the counter of a key's digit.
    @inline(__always)
    private static func slot(of key: UInt64, _ digit: Int) -> Int {
        let value = Int(truncatingIfNeeded: key &>> UInt64(digit &* digitBits)) & (1 << digitBits &- 1)
        return digit << digitBits | value
    }
}
