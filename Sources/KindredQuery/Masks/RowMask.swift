import KindredDomain
import KindredModel

/// A set of rows as a bit for each row, in the order of the codes, so that a scan reads the bits in sequence.
///
/// Several queries may share one. Only its builder removes rows, while no scan reads it.
package final class RowMask: @unchecked Sendable {
    /// Rows of the set.
    package private(set) var count: Int
    private let codes: Int8Codes
    /// One word per block of 16 rows, bit r for the block's r-th row.
    private let words: UnsafeMutablePointer<UInt16>
    /// What owns the words; nil where this mask does.
    private let shared: MaskWords?

    /// The given rows of the table that `codes` were made of; duplicates count once.
    package init(rows: some Sequence<UInt32>, codes: Int8Codes) {
        self.codes = codes
        words = .allocate(capacity: codes.blockCount)
        words.initialize(repeating: 0, count: codes.blockCount)
        var count = 0
        for row in rows {
            let position = Int(codes.positions[Int(row)])
            let bit: UInt16 = 1 << UInt16(position & 15)
            if words[position >> 4] & bit == 0 { count += 1 }
            words[position >> 4] |= bit
        }
        self.count = count
        shared = nil
    }

    /// What has the words: equal for masks of the same words.
    var owner: ObjectIdentifier { shared.map { ObjectIdentifier($0) } ?? ObjectIdentifier(self) }

    /// A mask over words that other masks use too, for codes of the same table.
    package init(_ shared: MaskWords, codes: Int8Codes) {
        precondition(shared.blockCount == codes.blockCount)
        self.codes = codes
        self.shared = shared
        words = shared.words
        count = shared.count
    }

    /// All rows of the table that `codes` were made of.
    package init(allOf codes: Int8Codes) {
        self.codes = codes
        shared = nil
        count = codes.rowCount
        words = .allocate(capacity: codes.blockCount)
        words.initialize(repeating: .max, count: codes.blockCount)
        // The last block may have fewer rows.
        words[codes.blockCount - 1] = .max >> UInt16(16 * codes.blockCount - codes.rowCount)
    }

    /// The rows of another mask.
    package init(copyOf other: RowMask) {
        codes = other.codes
        shared = nil
        count = other.count
        words = .allocate(capacity: codes.blockCount)
        words.initialize(from: other.words, count: codes.blockCount)
    }

    /// Removes rows, as far as they are there. Not for a mask whose words others use.
    package func remove(_ rows: ArraySlice<UInt32>) {
        precondition(shared == nil)
        var removed = 0
        for row in rows {
            let position = Int(codes.positions[Int(row)])
            let word = words[position >> 4]
            removed += Int(word >> UInt16(position & 15) & 1)
            words[position >> 4] = word & ~(1 << UInt16(position & 15))
        }
        count -= removed
    }

    deinit { if shared == nil { words.deallocate() } }

    package func contains(row: UInt32) -> Bool {
        let position = Int(codes.positions[Int(row)])
        return words[position >> 4] >> UInt16(position & 15) & 1 != 0
    }

    /// Blocks of 16 rows of the table.
    var blockCount: Int { codes.blockCount }

    /// Calls `body` with each row of the set.
    func forEachRow(_ body: (UInt32) -> Void) { forEachRow(inBlocks: 0..<codes.blockCount, body) }

    /// Calls `body` with each row of the set that is in some blocks.
    func forEachRow(inBlocks blocks: Range<Int>, _ body: (UInt32) -> Void) {
        for block in blocks {
            var left = words[block]
            while left != 0 {
                body(codes.rows[block * 16 + left.trailingZeroBitCount])
                left &= left - 1
            }
        }
    }

    /// The words, one for each block. Valid while the mask is held.
    var mask: UnsafePointer<UInt16> { UnsafePointer(words) }

    /// The rows of the set, in the order of the codes.
    package func rowSet() -> RowSet {
        let rows = RowSet(capacity: count)
        forEachRow { rows.insert($0) }
        return rows
    }

    /// The given rows that are in the set, in a set of their size.
    package func intersection(_ rows: RowSet) -> RowSet {
        let kept = rows.rows.filter { contains(row: $0) }
        let both = RowSet(capacity: kept.count)
        for row in kept { both.insert(row) }
        return both
    }
}
