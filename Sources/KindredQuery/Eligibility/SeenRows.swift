import KindredDomain
import KindredModel

/// The items that one query's user has seen, for a scan that asks for many rows.
///
/// The list stays where the version has it: nothing is copied. Beside it stands an index that is made in one pass over
/// the list. Where the side is small it is a bit for each position of the codes, which a scan reads in sequence; where
/// it is large, a set of the list's rows by open addressing. Immutable; any thread may read.
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

    /// The rows, ascending.
    package let list: SeenList
    package let look: Look
    /// Holds the memory of `list`.
    private let pairs: SeenPairs
    /// Holds the positions.
    private let codes: Int8Codes

    /// The items of the user in a row of `0 ..< pairs.userCount`. `codes` are those of the items.
    package init(_ pairs: SeenPairs, ofUser user: UInt32, codes: Int8Codes) {
        precondition(pairs.itemCount == codes.rowCount, "seen pairs of other items")
        self.pairs = pairs
        self.codes = codes
        let list = pairs.list(ofUser: user)
        self.list = list
        var slots = 8
        while slots < list.count * 2 { slots *= 2 }
        let bitWords = (pairs.itemCount + 31) / 32
        let positions = codes.positions
        if bitWords <= slots * Self.bitsShareMax {
            let words = UnsafeMutablePointer<UInt32>.allocate(capacity: bitWords)
            words.initialize(repeating: 0, count: bitWords)
            for row in list {
                let position = positions[Int(row)]
                words[Int(position >> 5)] |= 1 << (position & 31)
            }
            look = Look(words: words, mask: 0, positions: positions)
        } else {
            let words = UnsafeMutablePointer<UInt32>.allocate(capacity: slots)
            words.initialize(repeating: 0, count: slots)
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

    package var count: Int { list.count }

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
