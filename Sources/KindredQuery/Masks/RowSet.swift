/// A set of rows in order of insertion, with membership in constant time.
///
/// Open addressing with linear probing over a power of two that is at most half full. A short list needs neither a sort
/// nor a bitmap over all rows. Only its builder inserts rows, before it shares the set.
package final class RowSet: @unchecked Sendable {
    /// Looks up rows without counting references. Valid while the set is held.
    struct Look {
        /// Row + 1 per slot, 0 where free (rows stay below 2^32 - 1).
        fileprivate let slots: UnsafeMutablePointer<UInt32>
        fileprivate let mask: Int

        @inline(__always)
        func contains(_ row: UInt32) -> Bool {
            var slot = Look.hash(row) & mask
            while slots[slot] != 0 {
                if slots[slot] == row + 1 { return true }
                slot = (slot + 1) & mask
            }
            return false
        }

        /// Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4).
        @inline(__always)
        fileprivate static func hash(_ row: UInt32) -> Int {
            Int((UInt64(row) &* 0x9E37_79B9_7F4A_7C15) >> 32)
        }
    }

    /// The rows, each once.
    package private(set) var rows: [UInt32] = []
    let look: Look

    /// An empty set that takes at most `capacity` rows.
    package init(capacity: Int) {
        let size = Self.slotCount(capacity: capacity)
        look = Look(slots: .allocate(capacity: size), mask: size - 1)
        look.slots.initialize(repeating: 0, count: size)
        rows.reserveCapacity(capacity)
    }

    private static func slotCount(capacity: Int) -> Int {
        var size = 8
        while size < capacity * 2 { size *= 2 }
        return size
    }

    /// Bytes of memory of a set that takes so many rows.
    static func byteCount(capacity: Int) -> Int {
        (capacity + slotCount(capacity: capacity)) * MemoryLayout<UInt32>.stride
    }

    deinit { look.slots.deallocate() }

    package var count: Int { rows.count }

    /// Adds a row, unless it is there. Traps where the set is full.
    package func insert(_ row: UInt32) {
        var slot = Look.hash(row) & look.mask
        while look.slots[slot] != 0 {
            if look.slots[slot] == row + 1 { return }
            slot = (slot + 1) & look.mask
        }
        // With a free slot left, every probe ends.
        precondition(rows.count <= look.mask / 2, "a set takes as many rows as it was made for")
        look.slots[slot] = row + 1
        rows.append(row)
    }

    package func contains(_ row: UInt32) -> Bool { look.contains(row) }
}
