/// A fixed number of bits, 64 to a word; bit i is bit `i % 64` of word `i / 64`.
///
/// Public because the compiler inlines only public functions into other modules.
@frozen public struct Bitmap: Sendable, Equatable {
    package let count: Int
    @usableFromInline package internal(set) var words: [UInt64]

    /// `count` bits, all clear or all set.
    package init(count: Int, repeating value: Bool = false) {
        self.count = count
        words = Array(repeating: value ? ~0 : 0, count: (count + 63) / 64)
        if value, count % 64 != 0 { words[words.count - 1] = (1 << UInt64(count % 64)) - 1 }
    }

    /// The bits of words. Those beyond `count` must be clear.
    package init(count: Int, words: [UInt64]) {
        precondition(words.count == (count + 63) / 64)
        self.count = count
        self.words = words
    }

    /// The bit at an index of `0 ..< count`.
    @inlinable @inline(__always)
    public subscript(index: Int) -> Bool {
        get { words[index >> 6] >> UInt64(index & 63) & 1 != 0 }
        set {
            if newValue {
                words[index >> 6] |= 1 << UInt64(index & 63)
            } else {
                words[index >> 6] &= ~(1 << UInt64(index & 63))
            }
        }
    }

    /// Sets a bit. Returns true when it was clear before.
    package mutating func insert(_ index: Int) -> Bool {
        let mask: UInt64 = 1 << UInt64(index & 63)
        let old = words[index >> 6]
        words[index >> 6] = old | mask
        return old & mask == 0
    }

    /// The number of set bits.
    package var population: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
