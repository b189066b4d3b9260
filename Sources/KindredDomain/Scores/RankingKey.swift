/// The total order of answers, in one integer: score descending, then row ascending.
///
/// Rows are in ascending id order, so this is the documented order "score descending, then external id
/// ascending". A smaller key is a better answer; two rows never share a key. Scores are finite and never -0
/// (the canonical score turns it into +0), so the mapping from (score, row) is one to one.
///
/// Public, as whatever is called for every row: the compiler inlines nothing less into other modules.
@frozen public struct RankingKey: Sendable, Hashable, Comparable {
    /// The key: the smaller one is the better answer.
    public let rawValue: UInt64

    /// The key of a number that is one.
    @inlinable @inline(__always) public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The key of a row with a finite score that is not -0.
    @inlinable @inline(__always) public init(score: Float, row: UInt32) {
        rawValue = UInt64(~Self.ordered(score)) << 32 | UInt64(row)
    }

    /// The row.
    @inlinable @inline(__always) public var row: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    /// The score.
    @inlinable @inline(__always) public var score: Float {
        Self.score(ordered: ~UInt32(truncatingIfNeeded: rawValue >> 32))
    }

    /// True where the left one is the better answer.
    @inlinable @inline(__always) public static func < (left: RankingKey, right: RankingKey) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Maps finite floats to integers of the same order.
    @inlinable @inline(__always) public static func ordered(_ score: Float) -> UInt32 {
        let bits = score.bitPattern
        return bits & 0x8000_0000 != 0 ? ~bits : bits | 0x8000_0000
    }

    /// The float that `ordered` maps to an integer.
    @inlinable @inline(__always) public static func score(ordered: UInt32) -> Float {
        Float(bitPattern: ordered & 0x8000_0000 != 0 ? ordered & 0x7FFF_FFFF : ~ordered)
    }
}
