import KindredDomain
import KindredModel

/// A set of rows as a bit for each row, in the order of the codes, so that a scan reads the bits in sequence.
///
/// Immutable; several queries may share one.
package final class RowMask: @unchecked Sendable {
    /// Rows of the set.
    package let count: Int
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

    /// A mask over words that other masks use too, for codes of the same table.
    package init(_ shared: MaskWords, codes: Int8Codes) {
        precondition(shared.blockCount == codes.blockCount)
        self.codes = codes
        self.shared = shared
        words = shared.words
        count = shared.count
    }

    deinit { if shared == nil { words.deallocate() } }

    package func contains(row: UInt32) -> Bool {
        let position = Int(codes.positions[Int(row)])
        return words[position >> 4] >> UInt16(position & 15) & 1 != 0
    }

    /// The words, one for each block. Valid while the mask is held.
    var mask: UnsafePointer<UInt16> { UnsafePointer(words) }

    /// The rows of the set, in the order of the codes.
    package func rowSet() -> RowSet {
        let rows = RowSet(capacity: count)
        for block in 0..<codes.blockCount {
            var word = words[block]
            while word != 0 {
                rows.insert(codes.rows[block << 4 + word.trailingZeroBitCount])
                word &= word - 1
            }
        }
        return rows
    }

    /// The given rows that are in the set.
    package func intersection(_ rows: RowSet) -> RowSet {
        let both = RowSet(capacity: rows.count)
        for row in rows.rows where contains(row: row) { both.insert(row) }
        return both
    }

    /// The rows that are in this set and in another one of the same table.
    package func intersection(_ other: RowMask) -> RowMask {
        RowMask(MaskWords(words, and: other.words, blockCount: codes.blockCount), codes: codes)
    }

    /// Rows of the set that are not excluded.
    package func count(without exclusions: Exclusions) -> Int {
        var excluded = 0
        for row in exclusions.shared?.rows ?? [] where contains(row: row) { excluded += 1 }
        for row in exclusions.own?.rows ?? [] where contains(row: row) {
            if !(exclusions.shared?.contains(row) ?? false) { excluded += 1 }
        }
        return count - excluded
    }
}
