import KindredDomain
import KindredModel

/// The items that the users of one query have seen, for a scan that asks for many rows.
///
/// The lists stay where the version has them: nothing is copied. Beside them stands an index that is made in one pass
/// over the lists. Where the side is small, and for several users, it is a bit for each position of the codes, which a
/// scan reads in sequence; where it is large, a set of the list's rows by open addressing. Immutable; any thread may
/// read.
package final class SeenRows: @unchecked Sendable {
    /// Looks up rows without counting references. Valid while the object is held.
    package struct Look {
        /// Bits by position, or row + 1 per slot and 0 where free.
        fileprivate let words: UnsafeMutablePointer<UInt32>
        /// Slots minus 1; 0 where the words are bits.
        fileprivate let mask: Int
        /// The position of each row.
        fileprivate let positions: UnsafePointer<UInt32>

        /// Whether the user has seen the item of a row of the side.
        @inline(__always)
        package func contains(_ row: UInt32) -> Bool {
            contains(row, position: mask == 0 ? Int(positions[Int(row)]) : 0)
        }

        /// The same for a row whose position is known.
        @inline(__always)
        func contains(_ row: UInt32, position: Int) -> Bool {
            if mask == 0 { return words[position >> 5] >> UInt32(truncatingIfNeeded: position & 31) & 1 != 0 }
            var slot = Look.hash(row) & mask
            while words[slot] != 0 {
                if words[slot] == row + 1 { return true }
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

    /// A bit is cheaper to set and to read than a slot, so bits may take so many times the memory of slots.
    private static let bitsShareMax = 4

    /// Rows, each counted once.
    package let count: Int
    package let look: Look
    /// The list of the only user; nil for several, whose rows are those of the bits.
    private let list: SeenList?
    /// Holds the memory of the list.
    private let pairs: SeenPairs
    /// Holds the positions.
    private let codes: Int8Codes

    /// The items of users in rows of `0 ..< pairs.userCount`. `codes` are those of the items.
    package init(_ pairs: SeenPairs, ofUsers users: RowList, codes: Int8Codes) {
        precondition(pairs.itemCount == codes.rowCount, "seen pairs of other items")
        self.pairs = pairs
        self.codes = codes
        let positions = codes.positions
        let bitWords = (pairs.itemCount + 31) / 32
        func set(_ list: SeenList, in words: UnsafeMutablePointer<UInt32>) {
            for row in list {
                let position = positions[Int(row)]
                words[Int(position >> 5)] |= 1 << (position & 31)
            }
        }
        guard case .one(let user) = users else {
            let words = Self.words(bitWords)
            users.forEach { set(pairs.list(ofUser: $0), in: words) }
            count = (0..<bitWords).reduce(0) { $0 + words[$1].nonzeroBitCount }
            look = Look(words: words, mask: 0, positions: positions)
            list = nil
            return
        }
        let list = pairs.list(ofUser: user)
        self.list = list
        count = list.count
        let slots = Self.slotCount(list.count)
        if bitWords <= slots * Self.bitsShareMax {
            let words = Self.words(bitWords)
            set(list, in: words)
            look = Look(words: words, mask: 0, positions: positions)
        } else {
            let words = Self.words(slots)
            // Rows of a list differ, and half of the slots stay free, so every probe ends.
            for row in list {
                var slot = Look.hash(row) & (slots - 1)
                while words[slot] != 0 { slot = (slot + 1) & (slots - 1) }
                words[slot] = row + 1
            }
            look = Look(words: words, mask: slots - 1, positions: positions)
        }
    }

    deinit { look.words.deallocate() }

    private static func words(_ count: Int) -> UnsafeMutablePointer<UInt32> {
        let words = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
        words.initialize(repeating: 0, count: count)
        return words
    }

    /// Slots of an index of so many rows: a power of two that is at most half full.
    private static func slotCount(_ rowCount: Int) -> Int {
        var slots = 8
        while slots < rowCount * 2 { slots *= 2 }
        return slots
    }

    /// Bytes of the index of a user who has seen so many of the side's items.
    static func byteCount(itemCount: Int, rowCount: Int) -> Int {
        let bitWords = (itemCount + 31) / 32
        let slots = slotCount(rowCount)
        return (bitWords <= slots * bitsShareMax ? bitWords : slots) * MemoryLayout<UInt32>.stride
    }

    /// Bytes of the index of several users.
    static func byteCountOfSeveral(itemCount: Int) -> Int {
        (itemCount + 31) / 32 * MemoryLayout<UInt32>.stride
    }

    /// Calls `body` with each row once, in any order.
    @inline(__always)
    package func forEach(_ body: (UInt32) -> Void) {
        if let list {
            for row in list { body(row) }
        } else {
            _ = forEachPosition(in: 0..<codes.rowCount) { body(codes.rows[$0]) }
        }
    }

    /// Whether the user has seen the item of a row of the side.
    package func contains(_ row: UInt32) -> Bool { look.contains(row) }

    /// Calls `body` with the position of each row among those of a range of the codes, in ascending order. False,
    /// without a call, where the index has no positions. The range begins at a multiple of 32.
    package func forEachPosition(in range: Range<Int>, _ body: (Int) -> Void) -> Bool {
        guard look.mask == 0 else { return false }
        let end = min(range.upperBound, codes.rowCount)
        for word in range.lowerBound >> 5..<max(range.lowerBound, end + 31) >> 5 {
            var left = look.words[word]
            while left != 0 {
                let position = word << 5 + left.trailingZeroBitCount
                if position < end { body(position) }
                left &= left - 1
            }
        }
        return true
    }
}
