import KindredDomain

/// The items that one user has seen, as rows in ascending order. A view into `SeenPairs`, valid while those are held.
///
/// Every element is a row of the items, even where a mapped file has been overwritten meanwhile: elements are cut at
/// the last row. So an element may be an index without another check.
///
/// Public because the compiler inlines only public functions into other modules.
@frozen public struct SeenList: RandomAccessCollection, @unchecked Sendable {
    @usableFromInline let rows: UnsafePointer<UInt32>
    /// Items.
    public let count: Int
    @usableFromInline let lastRow: UInt32

    @inlinable init(rows: UnsafePointer<UInt32>, count: Int, lastRow: UInt32) {
        self.rows = rows
        self.count = count
        self.lastRow = lastRow
    }

    /// The first position.
    @inlinable public var startIndex: Int { 0 }
    /// The position after the last.
    @inlinable public var endIndex: Int { count }

    /// The row at a position in `0 ..< count`.
    @inlinable @inline(__always)
    public subscript(position: Int) -> UInt32 {
        precondition(position >= 0 && position < count, "no element of the list")
        return Swift.min(rows[position], lastRow)
    }

    /// Whether the user has seen the item of a row. O(log count), without memory: for a few rows. A scan that asks for
    /// many looks them up in `SeenRows`.
    @inlinable public func contains(_ row: UInt32) -> Bool {
        let position = (0..<count).partitioningIndex { rows[$0] >= row }
        return position < count && rows[position] == row
    }
}
