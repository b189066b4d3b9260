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
    }

    deinit { words.deallocate() }

    package func contains(row: UInt32) -> Bool {
        let position = Int(codes.positions[Int(row)])
        return words[position >> 4] >> UInt16(position & 15) & 1 != 0
    }

    /// The words, one for each block. Valid while the mask is held.
    var mask: UnsafePointer<UInt16> { UnsafePointer(words) }
}
