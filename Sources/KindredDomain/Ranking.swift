/// The total order of answers, in one integer: score descending, then row ascending.
///
/// Rows are in ascending id order, so this is the documented order "score descending, then external id
/// ascending". A smaller key is a better answer; two rows never share a key. Scores are finite and never -0
/// (the canonical score turns it into +0), so the mapping from (score, row) is one to one.
package struct RankingKey: Sendable, Hashable, Comparable {
    package let rawValue: UInt64

    @inlinable @inline(__always) package init(rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable @inline(__always) package init(score: Float, row: UInt32) {
        rawValue = UInt64(~Self.ordered(score)) << 32 | UInt64(row)
    }

    @inlinable @inline(__always) package var row: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    @inlinable @inline(__always) package var score: Float {
        Self.score(ordered: ~UInt32(truncatingIfNeeded: rawValue >> 32))
    }

    @inlinable @inline(__always) package static func < (left: RankingKey, right: RankingKey) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Maps finite floats to integers of the same order.
    @inlinable @inline(__always) package static func ordered(_ score: Float) -> UInt32 {
        let bits = score.bitPattern
        return bits & 0x8000_0000 != 0 ? ~bits : bits | 0x8000_0000
    }

    /// The float that `ordered` maps to an integer.
    @inlinable @inline(__always) package static func score(ordered: UInt32) -> Float {
        Float(bitPattern: ordered & 0x8000_0000 != 0 ? ordered & 0x7FFF_FFFF : ~ordered)
    }
}
