/// The order of results as one integer: score descending, then row ascending. A smaller key is a better result.
///
/// Rows are in ascending order of their ids, so this is the documented order "score descending, then external id
/// ascending". Two rows never share a key: scores are finite and never -0, since the canonical score turns -0 into +0.
///
/// Public because the compiler inlines only public functions into other modules.
@frozen public struct RankingKey: Sendable, Hashable, Comparable {
    /// The key as an integer. The smaller one is the better result.
    public let rawValue: UInt64

    /// A key from its integer.
    @inlinable @inline(__always) public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The key of a row and its score, which is finite and not -0.
    @inlinable @inline(__always) public init(score: Float, row: UInt32) {
        rawValue = UInt64(~Self.ordered(score)) << 32 | UInt64(row)
    }

    /// The row.
    @inlinable @inline(__always) public var row: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    /// The score.
    @inlinable @inline(__always) public var score: Float {
        Self.score(ordered: ~UInt32(truncatingIfNeeded: rawValue >> 32))
    }

    /// True where the left one is the better result.
    @inlinable @inline(__always) public static func < (left: RankingKey, right: RankingKey) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Maps finite floats to integers of the same order.
    @inlinable @inline(__always) public static func ordered(_ score: Float) -> UInt32 {
        let bits = score.bitPattern
        return bits & 0x8000_0000 != 0 ? ~bits : bits | 0x8000_0000
    }

    /// The inverse of `ordered`.
    @inlinable @inline(__always) public static func score(ordered: UInt32) -> Float {
        Float(bitPattern: ordered & 0x8000_0000 != 0 ? ordered & 0x7FFF_FFFF : ~ordered)
    }
}
