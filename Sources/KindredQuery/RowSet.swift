/// A set of rows in order of insertion, with membership in constant time.
///
/// Open addressing with linear probing over a power of two at most half full. Built once per list of ids, so
/// that neither sorting nor a bitmap over all rows is paid for a short list.
package struct RowSet: Sendable {
    /// The rows, each once.
    package private(set) var rows: [UInt32] = []
    /// Row + 1 per slot, 0 where free (rows stay below 2^32 - 1).
    private var slots: [UInt32]
    private let mask: Int

    /// An empty set with room for `capacity` rows.
    package init(capacity: Int) {
        var size = 8
        while size < capacity * 2 { size *= 2 }
        slots = Array(repeating: 0, count: size)
        mask = size - 1
        rows.reserveCapacity(capacity)
    }

    /// No rows, and no memory.
    package static let none = RowSet(capacity: 0)

    package var count: Int { rows.count }

    /// Adds a row, unless it is there; at most `capacity` rows.
    package mutating func insert(_ row: UInt32) {
        var slot = Self.hash(row) & mask
        while slots[slot] != 0 {
            if slots[slot] == row + 1 { return }
            slot = (slot + 1) & mask
        }
        slots[slot] = row + 1
        rows.append(row)
    }

    package func contains(_ row: UInt32) -> Bool {
        var slot = Self.hash(row) & mask
        while slots[slot] != 0 {
            if slots[slot] == row + 1 { return true }
            slot = (slot + 1) & mask
        }
        return false
    }

    /// Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4).
    private static func hash(_ row: UInt32) -> Int { Int((UInt64(row) &* 0x9E37_79B9_7F4A_7C15) >> 32) }
}
