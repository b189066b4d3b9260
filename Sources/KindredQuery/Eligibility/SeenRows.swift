import KindredModel

/// The items that the users of one query have seen, for a scan that asks for many rows.
///
/// The lists stay where the version has them: nothing is copied. Beside them stands an index that is made in one pass
/// over the lists. Where the side is small, and for several users, it is a bit for each row; where it is large, a set
/// of the list's rows by open addressing. Immutable; any thread may read.
package final class SeenRows: @unchecked Sendable {
    /// Looks up rows without counting references. Valid while the object is held.
    package struct Look {
        /// Bits by row, or row + 1 per slot and 0 where free.
        fileprivate let words: UnsafeMutablePointer<UInt32>
        /// Slots minus 1; 0 where the words are bits.
        fileprivate let mask: Int

        /// Whether the user has seen the item of a row of the side.
        @inline(__always)
        package func contains(_ row: UInt32) -> Bool {
            if mask == 0 { return words[Int(row >> 5)] >> (row & 31) & 1 != 0 }
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

    /// The items of users in rows of `0 ..< pairs.userCount`, at least one.
    package init(_ pairs: SeenPairs, ofUsers users: RowList) {
        self.pairs = pairs
        let bitWords = (pairs.itemCount + 31) / 32
        guard case .one(let user) = users else {
            let words = UnsafeMutablePointer<UInt32>.allocate(capacity: bitWords)
            words.initialize(repeating: 0, count: bitWords)
            users.forEach { user in
                for row in pairs.list(ofUser: user) { words[Int(row >> 5)] |= 1 << (row & 31) }
            }
            var count = 0
            for index in 0..<bitWords { count += words[index].nonzeroBitCount }
            self.count = count
            look = Look(words: words, mask: 0)
            list = nil
            return
        }
        let list = pairs.list(ofUser: user)
        self.list = list
        count = list.count
        let slots = Self.slotCount(list.count)
        if bitWords <= slots * Self.bitsShareMax {
            let words = UnsafeMutablePointer<UInt32>.allocate(capacity: bitWords)
            words.initialize(repeating: 0, count: bitWords)
            for row in list { words[Int(row >> 5)] |= 1 << (row & 31) }
            look = Look(words: words, mask: 0)
        } else {
            let words = UnsafeMutablePointer<UInt32>.allocate(capacity: slots)
            words.initialize(repeating: 0, count: slots)
            // Rows of a list differ, and half of the slots stay free, so every probe ends.
            for row in list {
                var slot = Look.hash(row) & (slots - 1)
                while words[slot] != 0 { slot = (slot + 1) & (slots - 1) }
                words[slot] = row + 1
            }
            look = Look(words: words, mask: slots - 1)
        }
    }

    deinit { look.words.deallocate() }

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

    /// Calls `body` with each row once, in ascending order.
    @inline(__always)
    package func forEach(_ body: (UInt32) -> Void) {
        if let list {
            for row in list { body(row) }
            return
        }
        for index in 0..<(pairs.itemCount + 31) / 32 {
            var word = look.words[index]
            while word != 0 {
                body(UInt32(index << 5 + word.trailingZeroBitCount))
                word &= word - 1
            }
        }
    }

    /// Whether the user has seen the item of a row of the side.
    package func contains(_ row: UInt32) -> Bool { look.contains(row) }
}
